/*
 * ease.h
 *		What the files of ease share; private to the room.
 */
#ifndef AFFINITY_LINEAR_EASE_H
#define AFFINITY_LINEAR_EASE_H

#include <float.h>

#include "kernel/sparse.h"
#include "linear/linear.h"
#include "parallel/team.h"

/* In the order of the names in ease.c. */
typedef enum EaseMethod
{
	EASE_AUTO,
	EASE_DENSE,
	EASE_SPARSE
} EaseMethod;

typedef struct EaseOptions
{
	int			method;
	double		regularization;
	double		regularization_exponent;
	double		user_exponent;
	double		dropout;
	double		output_exponent;
	int			weights;		/* AffinityWeights less BINARY */
	int32		neighbors;		/* kept per item */
	int32		candidates;		/* sparse: of each column */
	double		candidate_exponent;
	int32		rank;			/* eigenvectors of the low-rank part; 0: none */
	int32		power_iterations;	/* 0: as many as it takes */
	double		rank_weight;
	double		rank_exponent;
	double		eigenvalue_exponent;
	int32		skip;			/* first eigenvectors that are left out */
	double		attribute_weight;
	double		attribute_users;
	int32		attribute_neighbors;
	int32		max_history;
	AffinityTimes times;
	int			seen;
	double		users;
} EaseOptions;

/* What all participants know: a region, filled by the leader. */
typedef struct EaseTask
{
	EaseOptions options;
	uint32		n_items;
	uint32		n_users;
	bool		single;			/* dense: reals do; else doubles */
	bool		is_update;		/* sparse: only some columns, for the leader */
	uint32		n_columns;		/* sparse: to be solved */
	uint32		n_heads;		/* items whose products are kept */
	int			due;			/* of an update: numbers of their columns */
	/* numbers of regions */
	int			matrix;
	int			user_factor;	/* double per user: what a user's row counts */
	int			penalty;		/* double per item: added to the diagonal */
	int			trend;			/* real per item; with option "trend" */
	int			output;			/* double per item i: B_ij counts times
								 * output_i / output_j */
	int			rows;			/* the stream of finished rows */
	bool		has_prior;		/* sparse: items have attributes */
	int			prior;			/* items alike by them: see ease_prior.c */
	int64		n_alike;		/* pairs of them */
	int			work[4];		/* the algorithm's own */
} EaseTask;

/* The region in which a task is. */
#define EASE_TASK	0

/* In that region: an item whose column stays. */
#define EASE_NOT_DUE	PG_UINT32_MAX

/* A pivot with less of the diagonal than this has no digits left. */
#define EASE_LEAST_PIVOT	1e-11

/*
 * Whether reals have digits enough for weights to 1e-4: their errors are at
 * most of the order of the largest eigenvalue, divided by the smallest
 * penalty and multiplied by 6e-8, and in practice a hundredth of it.
 */
#define EASE_REALS_SUFFICE(largest, least) (6e-8 * (largest) <= 5e-4 * (least))

/* Rows that participants hand to the leader at a time. */
#define EASE_CHUNK	16

/* What a participant chooses an item's neighbors with. */
typedef struct EaseChoice
{
	uint32		k;				/* at most */
	uint32		n;				/* found */
	uint64	   *key;
	uint64	   *scratch;
	const float *trend;			/* of all items; NULL: none */
	float	   *timely;			/* weights times that */
	float	   *size;			/* of every weight, without its sign */
	uint32	   *place;			/* 0, 1, 2 … */
} EaseChoice;

/* ease_rows.c */
/*
 * A weight as the real that is stored: those of a matrix near the end of its
 * precision may be huge.
 */
static inline float
affinity_linear_ease_real(double weight)
{
	return (float) Max(Min(weight, FLT_MAX), -FLT_MAX);
}

extern Size affinity_linear_ease_slot_bytes(uint32 k);
extern void affinity_linear_ease_choice_begin(EaseChoice *choice,
											  AffinityTeam *team,
											  uint32 n_max);
extern void affinity_linear_ease_choose(EaseChoice *choice, const float *weight,
										const uint32 *item, uint32 n,
										void *slot, uint32 row);
extern void affinity_linear_ease_put(AffinityItemSink *sink,
									 const AffinityCsr *by_item,
									 uint32 k, uint32 chunk, const void *slot,
									 int64 *n_weights);

/* A column that an update solved, by items of the matrix. */
typedef struct EaseSolved
{
	uint32		n;
	uint32	   *item;
	float	   *weight;
} EaseSolved;

/* What the leader knows beside the task. */
typedef struct EaseLeader
{
	AffinityItemSink *sink;
	int64		n_weights;		/* put into it */
	double		attribute_weight;	/* that was settled on */
	EaseSolved *solved;			/* by number of the column; NULL: training */
} EaseLeader;

/* ease_values.c */
extern double affinity_linear_ease_user_factors(const AffinityCsr *by_user,
												double exponent,
												double *factor);
extern void affinity_linear_ease_penalties(const AffinityCsr *by_item,
										   const EaseOptions *options,
										   const double *user_factor,
										   double *penalty, double *output);

/* ease.c */
pg_noreturn extern void affinity_linear_ease_singular(const EaseOptions *o);
extern void affinity_linear_ease_learn(AffinityInteractions *in, EaseTask *task,
									   const float *trend,
									   const uint32 *due, EaseLeader *leader);

/* ease_update.c */
extern AffinityUpdateWay affinity_linear_ease_update_way(const void *options);
extern void affinity_linear_ease_update(AffinityUpdate *u,
										const void *options);

/* ease_dense.c */
extern Size affinity_linear_ease_dense_bytes(uint32 n_items, bool single);
extern void affinity_linear_ease_dense_request(AffinityTeamRequest *request,
											   EaseTask *task);

/* ease_prior.c */
struct AffinityAlike;
extern void affinity_linear_ease_prior_request(AffinityTeamRequest *request,
											   EaseTask *task,
											   const struct AffinityAlike *alike);
extern void affinity_linear_ease_prior_put(AffinityTeam *team,
										   const EaseTask *task,
										   const struct AffinityAlike *alike);

/* ease_sparse.c */

/* Candidates of a column, those included that attributes add. */
static inline uint32
affinity_linear_ease_most_candidates(const EaseTask *task)
{
	uint32		most = task->options.candidates;

	if (task->has_prior)
		most += task->options.attribute_neighbors;
	return Min(most, task->n_items);
}

extern uint32 affinity_linear_ease_heads(uint32 n_columns, uint32 n_items);
extern Size affinity_linear_ease_sparse_bytes(uint32 n_users, uint32 n_items,
											  uint32 candidates);
extern void affinity_linear_ease_sparse_request(AffinityTeamRequest *request,
												EaseTask *task);

#endif							/* AFFINITY_LINEAR_EASE_H */
