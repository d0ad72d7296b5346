/*
 * lifetime.h
 *		How long customers stay, how often they buy and what they spend:
 *		models of probability, fitted by maximum likelihood.
 */
#ifndef AFFINITY_LIFETIME_H
#define AFFINITY_LIFETIME_H

#include "postgres.h"

#include "fmgr.h"

#include "kernel/minimize.h"

#define LIFETIME_HINT "Call one of the aggregates bg_nbd_fit, mbg_nbd_fit, pareto_nbd_fit, bg_bb_fit, gamma_gamma_fit, sbg_fit and bdw_fit."

/* What the rows of a state are. Kept in states: never renumber. */
typedef enum LifetimeKind
{
	LIFETIME_RECENCY = 1,		/* frequency, recency, t */
	LIFETIME_OPPORTUNITIES = 2, /* the same, counted in opportunities */
	LIFETIME_SPEND = 3,			/* frequency, monetary value */
	LIFETIME_SURVIVORS = 4		/* period, survivors */
} LifetimeKind;

#define LIFETIME_VALUES 3
#define LIFETIME_MAX_OPPORTUNITIES 1000000

/* Rows that are equal, in a state. */
typedef struct LifetimeRow
{
	double		value[LIFETIME_VALUES];
	double		weight;			/* of each */
	int64		count;
} LifetimeRow;

/* Customers who are equal, in a fit: in the order of their values. */
typedef struct LifetimeCustomer
{
	double		value[LIFETIME_VALUES];
	double		weight;			/* of all of them */
} LifetimeCustomer;

/* What a model is fitted to. */
typedef struct LifetimeData
{
	const LifetimeCustomer *customer;
	uint32		n;
	double		total;			/* sum of weights */
} LifetimeData;

#define LIFETIME_MAX_STARTS 8

/* A model: its parameters are all above 0. */
typedef struct LifetimeModel
{
	const char *name;			/* of its type; its aggregate is name_fit */
	int			n_parameters;
	const char *parameter[AFFINITY_VARIABLES];
	int			is_scaled[AFFINITY_VARIABLES];	/* with the unit */
	LifetimeKind kind;
	int			(*starts) (const LifetimeData *data,
						   double start[][AFFINITY_VARIABLES]);
	/* ln L, and what is added to its gradient, by parameters */
	double		(*likelihood) (const LifetimeData *data,
							   const double *parameter, double *gradient);
} LifetimeModel;

extern const LifetimeModel affinity_lifetime_bg_nbd;
extern const LifetimeModel affinity_lifetime_mbg_nbd;
extern const LifetimeModel affinity_lifetime_pareto_nbd;
extern const LifetimeModel affinity_lifetime_bg_bb;
extern const LifetimeModel affinity_lifetime_gamma_gamma;
extern const LifetimeModel affinity_lifetime_sbg;
extern const LifetimeModel affinity_lifetime_bdw;

/* state.c */
typedef struct LifetimeState LifetimeState;

extern LifetimeRow *affinity_lifetime_rows(Datum state, LifetimeKind kind,
										   uint64 *n);

/* check.c */
extern void affinity_lifetime_check_row(LifetimeKind kind,
										const double *value, double weight);
extern void affinity_lifetime_check_finite(double value, const char *name);
extern void affinity_lifetime_check_count(double count, const char *name,
										  const char *hint);
extern void affinity_lifetime_check_duration(double duration,
											 const char *name);

/* bg_nbd.c, survivors.c */
extern double affinity_lifetime_mean_rate(const LifetimeData *data);
extern void affinity_lifetime_check_survivors(const LifetimeCustomer *count,
											  uint32 n);

/* Is a row as the models take it? */
static inline bool
affinity_lifetime_row_is_sound(LifetimeKind kind, const double *value,
							   double weight)
{
	if (!(weight > 0 && weight <= 1e100 && value[0] >= 0 &&
		  value[0] <= 1e15 && value[0] == rint(value[0])))
		return false;
	switch (kind)
	{
		case LIFETIME_RECENCY:
			return value[1] >= 0 && value[1] <= value[2] &&
				value[2] <= 1e300 && (value[0] > 0 || value[1] == 0);
		case LIFETIME_OPPORTUNITIES:
			return value[0] <= value[1] && value[1] <= value[2] &&
				value[2] <= LIFETIME_MAX_OPPORTUNITIES && value[1] == rint(value[1]) &&
				value[2] == rint(value[2]) && (value[0] > 0 || value[1] == 0);
		case LIFETIME_SPEND:
			return value[0] == 0 ? value[1] == 0 :
				value[1] > 0 && value[1] <= 1e300;
		case LIFETIME_SURVIVORS:
			return value[1] >= 0 && value[1] <= 1e300;
	}
	return false;
}

#endif							/* AFFINITY_LIFETIME_H */
