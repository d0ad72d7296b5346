/*
 * experiment.h
 *		The state of type metric: exact moments of a metric over units, or how
 *		often each value was there.
 */
#ifndef AFFINITY_EXPERIMENT_EXPERIMENT_H
#define AFFINITY_EXPERIMENT_EXPERIMENT_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"

#include "base/base.h"
#include "kernel/exact.h"

/* Stored in states: never renumber. */
typedef enum MetricKind
{
	METRIC_VALUE = 1,			/* the mean of x */
	METRIC_COVARIATE = 2,		/* the same, with y known before */
	METRIC_RATIO = 3,			/* the sum of x by that of y */
	METRIC_QUANTILE = 4			/* a quantile of x */
} MetricKind;

/* The sums of a state, in this order; a value has the first two. */
typedef enum MetricSum
{
	SUM_X,
	SUM_XX,
	SUM_Y,
	SUM_XY,
	SUM_YY,
	METRIC_SUMS
} MetricSum;

#define METRIC_N_SUMS(kind) \
	((kind) == METRIC_QUANTILE ? 0 : (kind) == METRIC_VALUE ? 2 : METRIC_SUMS)

/* A value of a quantile metric, and how many units have it. */
typedef struct MetricEntry
{
	double		value;
	int64		count;
} MetricEntry;

/*
 * A state. At rest its sums are packed one after the other, or its entries are
 * in order of values, none twice: equal contents are equal bytes. Under an
 * aggregate it is growing: sums are limbs with room (MetricSums), entries at
 * the end are in no order and there is room behind them.
 */
typedef struct MetricState
{
	int32		vl_len_;		/* varlena header */
	uint32		magic;			/* METRIC_MAGIC */
	uint8		version;		/* METRIC_VERSION */
	uint8		kind;			/* MetricKind */
	uint8		growing;		/* 0 or 1 */
	uint8		binary;			/* every x is 0 or 1 */
	uint32		n_entries;		/* of a quantile metric */
	int64		n;				/* units */
	double		p;				/* which quantile; 0 for other kinds */
	uint32		n_sorted;		/* entries that are in order */
	uint32		unused;			/* 0 */
	char		data[FLEXIBLE_ARRAY_MEMBER];
} MetricState;

/* The data of a growing state of sums. */
typedef struct MetricSums
{
	uint16		at[8];			/* where each sum is, from here, in bytes */
	char		sums[FLEXIBLE_ARRAY_MEMBER];
} MetricSums;

#define METRIC_MAGIC 0x41464d45
#define METRIC_VERSION 1
#define METRIC_HEADER offsetof(MetricState, data)
#define METRIC_UNITS_MAX (INT64CONST(1) << 53)

static inline MetricEntry *
affinity_experiment_metric_entries(const MetricState *state)
{
	return (MetricEntry *) state->data;
}

static inline AffinityExact *
affinity_experiment_metric_sum(const MetricState *state, MetricSum sum)
{
	return (AffinityExact *) (state->data +
							  ((const MetricSums *) state->data)->at[sum]);
}

/* metric.c */
extern MetricState *affinity_experiment_metric_new(MetricKind kind);
extern MetricState *affinity_experiment_metric_of(Datum value);
extern MetricState *affinity_experiment_metric_widen(MetricState *state,
													 MetricSum sum);
extern MetricState *affinity_experiment_metric_grown(MetricState *state);
extern MetricState *affinity_experiment_metric_merge(MetricState *to,
													 const MetricState *from);
extern MetricState *affinity_experiment_metric_final(MetricState *state);
extern MetricState *affinity_experiment_metric_rest(MetricState *state);
extern MetricState *affinity_experiment_metric_arg(FunctionCallInfo fcinfo,
												   int arg);
extern const char *affinity_experiment_metric_check(const MetricState *state);
extern void affinity_experiment_metric_count(MetricState *state, int64 more);
extern void affinity_experiment_metric_packed(const MetricState *state,
											  const AffinityExactPacked **sums);
extern const char *affinity_experiment_metric_kind_name(MetricKind kind);

/* metric_agg.c */
extern MetricState *affinity_experiment_metric_add(MetricState *state,
												   double x, double y);
extern MetricState *affinity_experiment_metric_add_often(MetricState *state,
														 double x,
														 int64 count);

/* metric_values.c */
extern MetricState *affinity_experiment_values_new(double p);
extern MetricState *affinity_experiment_values_add(MetricState *state,
												   double value, int64 count);
extern MetricState *affinity_experiment_values_final(const MetricState *state);
extern const char *affinity_experiment_values_check(const MetricState *state);
extern double affinity_experiment_values_quantile(const MetricState *state,
												  double p);
extern double affinity_experiment_values_error(const MetricState *state,
											   int scale);

/* moments.c */
typedef struct MetricMoments
{
	double		n;
	double		mean;			/* of x, y: times 2^-scale */
	double		mean_y;
	double		above;			/* the mean less a center, rounded once */
	double		above_y;
	double		variance;
	double		variance_y;
	double		covariance;
} MetricMoments;

extern void affinity_experiment_moments_scale(const MetricState *state,
											  int *scale, int *scale_y);
extern void affinity_experiment_moments(const MetricState *state, int scale,
										int scale_y, MetricMoments *moments);
extern void affinity_experiment_moments_center(const MetricState *state,
											   int scale, int scale_y,
											   double center, double center_y,
											   MetricMoments *moments);
extern double affinity_experiment_moments_ratio(const MetricMoments *moments,
												double *variance);

/* arms.c: arrays of states as arguments */
extern void affinity_experiment_check_array(ArrayType *array, const char *name);
extern char *affinity_experiment_first_name(char **names, int n);
extern MetricState **affinity_experiment_metrics_arg(FunctionCallInfo fcinfo,
													 int arg, int *n);
extern char **affinity_experiment_names_arg(FunctionCallInfo fcinfo, int arg,
											const char *name, int *n);
extern void affinity_experiment_check_kinds(MetricState **states, int n);

#endif							/* AFFINITY_EXPERIMENT_EXPERIMENT_H */
