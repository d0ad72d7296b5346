/*
 * kernel.h
 *		Pure C: no PostgreSQL, no allocation, no errors. Callers own all memory
 *		and cut long work into pieces, to look for interrupts in between.
 */
#ifndef AFFINITY_KERNEL_H
#define AFFINITY_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * AFFINITY_MULTIVERSION before a function: compile it several times and let
 * the dynamic linker pick the one that fits the processor. Names of levels and
 * not of features, because in target_clones a comma separates versions:
 * "avx2,fma" would be two of them. Names of processors ("arch=haswell") match
 * that model alone. GCC knows levels from 12 on.
 *
 * Nothing for clang: its version 14 exports only the name "f.ifunc", so that
 * another file's call of f is not resolved.
 */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && \
	!defined(__clang__)
#if __GNUC__ >= 12
#define AFFINITY_MULTIVERSION \
	__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", \
								 "default")))
#else
#define AFFINITY_MULTIVERSION \
	__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#else
#define AFFINITY_MULTIVERSION
#endif

/* ---- csr.c: compressed sparse rows, built by counting sort ------------- */

typedef struct AffinityCsr
{
	uint32_t	n_rows;
	uint32_t	n_cols;
	int64_t    *start;			/* n_rows + 1 offsets into col and val */
	uint32_t   *col;			/* ascending within a row */
	float	   *val;			/* NULL where every value is 1 */
} AffinityCsr;

/* Values of the entries of a matrix on its way; either may be NULL. */
typedef struct AffinityCsrValues
{
	float	   *first;
	float	   *second;
} AffinityCsrValues;

typedef struct AffinityEntry
{
	uint32_t	row;
	uint32_t	col;
	float		val;
} AffinityEntry;

/* The bits of an entry's row or column by which a pass sorts. */
typedef struct AffinityDigit
{
	bool		of_row;
	int			shift;
	uint32_t	mask;
} AffinityDigit;

/* What merging remembers from one call to the next; begins as zeros. */
typedef struct AffinityMerge
{
	bool		mean;			/* set by the caller: not the sum; keep all */
	bool		second_is_max;	/* not the sum; set by the caller */
	bool		open;			/* a pair is being summed */
	bool		all_one;		/* set by the caller; every value is 1 */
	float		limit;			/* set by the caller: drop what sums to more */
	uint32_t	row;
	uint32_t	col;
	double		val;
	double		second;
	int64_t		n;				/* entries of the pair */
	int64_t		dropped;		/* pairs whose sum is not above 0, or too large */
	float		max;			/* largest value */
} AffinityMerge;

extern void affinity_csr_offsets(const int64_t *count, uint32_t n,
								 int64_t *start);
extern void affinity_entries_count(const AffinityEntry *entry, size_t n,
								   AffinityDigit digit, int64_t *count);
extern void affinity_entries_place(const AffinityEntry *entry,
								   const float *second, size_t n,
								   AffinityDigit digit, int64_t *next,
								   AffinityEntry *out, float *out_second);
extern size_t affinity_entries_merge(AffinityMerge *merge,
									 const AffinityEntry *entry,
									 const float *second, size_t n,
									 AffinityEntry *out, float *out_second);
extern void affinity_entries_to_csr(const AffinityEntry *entry,
									const float *second, size_t n,
									const uint32_t *renumber, int64_t *next,
									uint32_t *col, AffinityCsrValues val);

/* ---- sparse.c: sums over sparse rows --------------------------------- */

extern uint32_t affinity_sparse_add(double *sum, uint32_t *touched,
									uint32_t n_touched, const uint32_t *col,
									const float *val, size_t n, double factor);
extern uint32_t affinity_sparse_add_signed(double *sum, uint32_t *touched,
										   uint32_t n_touched,
										   const uint32_t *col,
										   const float *val, size_t n,
										   double factor);
extern size_t affinity_sparse_add_below(double *sum, const uint32_t *col,
										const float *val, size_t n,
										uint32_t last, double factor);
extern void affinity_dense_add(double *restrict sum,
							   const uint32_t *restrict col,
							   const float *restrict val, size_t n,
							   double factor);
extern uint32_t affinity_dense_touched(const double *sum, uint32_t n,
									   uint32_t *touched);
extern void affinity_sparse_take(double *restrict sum,
								 const uint32_t *restrict touched, size_t n,
								 double left, const double *restrict right,
								 float *restrict score);
extern void affinity_sparse_count(uint32_t *count, const uint32_t *col,
								  size_t n);

/* Sums over the users who rated both items of a pair. */
typedef struct AffinityMoments
{
	double		n;
	double		x;
	double		y;
	double		xx;
	double		yy;
	double		xy;
} AffinityMoments;

extern uint32_t affinity_sparse_moments(AffinityMoments *sum, uint32_t *touched,
										uint32_t n_touched,
										const uint32_t *col, const float *val,
										size_t n, double x);

/* ---- topk.c: the k largest keys -------------------------------------- */

typedef struct AffinityTopK
{
	uint64_t   *key;			/* room for cap keys */
	size_t		n;
	size_t		k;
	size_t		cap;			/* at least k + 1; 2k or more is fast */
	uint64_t	floor;			/* keys not above it cannot be among the k */
} AffinityTopK;

extern void affinity_topk_shrink(AffinityTopK *top);
extern void affinity_topk_finish(AffinityTopK *top, uint64_t *scratch);
extern size_t affinity_topk_scores(const float *score, const uint32_t *no,
								   size_t n, size_t k, uint64_t *key,
								   uint64_t *scratch);
extern void affinity_sort_descending(uint64_t *key, size_t n,
									 uint64_t *scratch);
extern void affinity_select_largest(uint64_t *key, size_t n, size_t k);

static inline void
affinity_topk_init(AffinityTopK *top, uint64_t *key, size_t k, size_t cap)
{
	top->key = key;
	top->n = 0;
	top->k = k;
	top->cap = cap;
	top->floor = 0;
}

static inline void
affinity_topk_push(AffinityTopK *top, uint64_t key)
{
	if (key <= top->floor)
		return;
	top->key[top->n++] = key;
	if (top->n == top->cap)
		affinity_topk_shrink(top);
}

/*
 * A key that orders by score, largest first, then by number, smallest first.
 * No key is 0, so that 0 can stand for "below all".
 */
static inline uint64_t
affinity_rank_key(float score, uint32_t no)
{
	union
	{
		float		f;
		uint32_t	u;
	}			bits;

	bits.f = score + 0.0f;		/* -0 and 0 are equal */
	bits.u = (bits.u & 0x80000000u) ? ~bits.u : bits.u | 0x80000000u;
	return ((uint64_t) bits.u << 32) | (uint32_t) ~no;
}

static inline uint32_t
affinity_rank_key_no(uint64_t key)
{
	return ~(uint32_t) key;
}

static inline float
affinity_rank_key_score(uint64_t key)
{
	union
	{
		float		f;
		uint32_t	u;
	}			bits;

	bits.u = (uint32_t) (key >> 32);
	bits.u = (bits.u & 0x80000000u) ? bits.u & 0x7fffffffu : ~bits.u;
	return bits.f;
}

/* ---- vector.c: sums over two aligned runs of n numbers, in double ---- */

/* Sums of products. */
typedef struct AffinityProducts
{
	double		xx;				/* sum of x * x */
	double		yy;				/* sum of y * y */
	double		xy;				/* sum of x * y */
} AffinityProducts;

/* Sums, and whether anything differs from the value it is compared with. */
typedef struct AffinityTotals
{
	double		x;				/* sum of x */
	double		y;				/* sum of y */
	bool		x_varies;		/* some x differs from first_x */
	bool		y_varies;		/* some y differs from first_y */
} AffinityTotals;

/* Sums of deviations from given centres, of first and second order. */
typedef struct AffinityDeviations
{
	double		x;				/* sum of x - centre_x */
	double		y;				/* sum of y - centre_y */
	double		xx;
	double		yy;
	double		xy;
} AffinityDeviations;

extern double affinity_dot_f4(const float *x, const float *y, size_t n);
extern double affinity_dot_f8(const double *x, const double *y, size_t n);
extern double affinity_absolute_f4(const float *x, const float *y, size_t n);
extern double affinity_absolute_f8(const double *x, const double *y, size_t n);
extern double affinity_squared_f4(const float *x, const float *y, size_t n);
extern double affinity_squared_f8(const double *x, const double *y, size_t n);
extern void affinity_products_f4(const float *x, const float *y, size_t n,
								 AffinityProducts *sums);
extern void affinity_products_f8(const double *x, const double *y, size_t n,
								 AffinityProducts *sums);
extern void affinity_totals_f4(const float *x, const float *y, size_t n,
							   double first_x, double first_y,
							   AffinityTotals *sums);
extern void affinity_totals_f8(const double *x, const double *y, size_t n,
							   double first_x, double first_y,
							   AffinityTotals *sums);
extern void affinity_deviations_f4(const float *x, const float *y, size_t n,
								   double centre_x, double centre_y,
								   AffinityDeviations *sums);
extern void affinity_deviations_f8(const double *x, const double *y, size_t n,
								   double centre_x, double centre_y,
								   AffinityDeviations *sums);

/* ---- score.c: scores from factors ------------------------------------ */

extern void affinity_factor_scores(const float *item, size_t stride, size_t n,
								   const double *user, double offset,
								   float *score);
extern bool affinity_all_finite(const float *value, size_t n);

/* ---- panel.c: scores of many users for many items -------------------- */

/* Items of a panel. */
#define AFFINITY_PANEL 32
#define AFFINITY_PANEL_LEVELS 3

typedef void (*AffinityPanelProduct) (const float *panel, size_t width,
									  size_t n_panels, const float *user,
									  size_t stride, size_t n_users,
									  float *score, size_t score_stride);

extern void affinity_panels_pack(const float *item, size_t stride,
								 size_t width, size_t n, float *panel);
extern AffinityPanelProduct affinity_panels_level(int level);
extern void affinity_panels_score(const float *panel, size_t width,
								  size_t n_panels, const float *user,
								  size_t stride, size_t n_users, float *score,
								  size_t score_stride);

/* What may be among the k largest, by scores that are not exact. */
typedef struct AffinityNear
{
	uint64_t   *key;			/* room for cap keys */
	size_t		n;
	size_t		k;
	size_t		cap;
	double		margin;			/* twice the largest error, and more */
	float		floor;			/* scores below it cannot be among the k */
	bool		full;			/* too many: no result */
} AffinityNear;

extern void affinity_near_init(AffinityNear *near, uint64_t *key, size_t k,
							   size_t cap, double margin);
extern void affinity_near_push(AffinityNear *near, const float *score,
							   size_t n, uint32_t from);
extern void affinity_near_shrink(AffinityNear *near);

/* ---- funnel_chain.c: the longest chain of a funnel ------------------- */

#define AFFINITY_MAX_STEPS 64

/* A row of one user: when, and which steps it satisfies (bit 0 is step 1). */
typedef struct AffinityEvent
{
	int64_t		at;
	uint64_t	steps;
} AffinityEvent;

#define AFFINITY_CHAIN_ORDER			0x01
#define AFFINITY_CHAIN_DEDUPLICATION	0x02
#define AFFINITY_CHAIN_INCREASE			0x04
#define AFFINITY_CHAIN_REENTRY			0x08
#define AFFINITY_CHAIN_SAME_ROW			0x10
#define AFFINITY_CHAIN_ANY_ORDER		0x20	/* of funnel_any.c */
#define AFFINITY_CHAIN_FIXED			0x40
#define AFFINITY_CHAIN_UNIQUE			0x80

/* Those that ask what lies between two steps. */
#define AFFINITY_CHAIN_BETWEEN (AFFINITY_CHAIN_ORDER | \
								AFFINITY_CHAIN_DEDUPLICATION | \
								AFFINITY_CHAIN_FIXED | AFFINITY_CHAIN_UNIQUE)

typedef struct AffinityChainRule
{
	uint64_t	window;			/* in units of at, from the first row, inclusive */
	uint64_t	exclude;		/* rows with one of these bits end all chains */
	uint32_t	mode;			/* AFFINITY_CHAIN_... */
	int			n_steps;		/* 1 to AFFINITY_MAX_STEPS */
} AffinityChainRule;

/* For every length k a chain: the times of its k steps. */
typedef struct AffinityChainSet
{
	bool		alive[AFFINITY_MAX_STEPS + 1];
	int64_t		at[AFFINITY_MAX_STEPS + 1][AFFINITY_MAX_STEPS];
} AffinityChainSet;

typedef struct AffinityChain
{
	AffinityChainRule rule;
	int			level;			/* steps of the longest chain so far */
	int64_t		best[AFFINITY_MAX_STEPS];	/* their times */
	int64_t		last_at;
	AffinityChainSet kept;		/* chains that the next row may extend */
	AffinityChainSet fresh;		/* those that a row of a later time may */
} AffinityChain;

extern void affinity_chain_begin(AffinityChain *chain,
								 const AffinityChainRule *rule);
extern bool affinity_chain_feed(AffinityChain *chain,
								const AffinityEvent *event, int64_t n);

/* ---- funnel_skip.c: chains that may leave out optional steps ---------- */

typedef struct AffinitySkipRule
{
	AffinityChainRule chain;	/* its exclude is not read */
	uint64_t	optional;		/* bit 0, step 1, is not set */
	/* rows that may not follow a chain whose last step is k; 0: begin one */
	uint64_t	exclude_after[AFFINITY_MAX_STEPS + 1];
	bool		excludes;		/* is any of them set? */
} AffinitySkipRule;

typedef struct AffinitySkipChain
{
	const AffinitySkipRule *rule;
	int			n_optional;
	int			level;			/* last step of the best chain so far */
	int			n_taken;		/* its optional steps */
	uint64_t	taken;			/* its steps */
	int64_t		best[AFFINITY_MAX_STEPS];	/* times of those taken */
	int64_t		last_at;
	int64_t    *kept;			/* for each last step and number of optional */
	int64_t    *fresh;			/* steps a chain: its steps, and their times */
	uint64_t   *tie;			/* for each step the rows of an instant that fit */
} AffinitySkipChain;

extern size_t affinity_skip_memory(const AffinitySkipRule *rule);
extern void affinity_skip_begin(AffinitySkipChain *chain,
								const AffinitySkipRule *rule, void *memory);
extern bool affinity_skip_feed(AffinitySkipChain *chain,
							   const AffinityEvent *event, int64_t n);

/* ---- funnel_any.c: steps in any order --------------------------------- */

/* The row that has a step, in a set of rows that all have one of their own. */
typedef struct AffinityStepRow
{
	int64_t		row;			/* its number; -1: nobody has the step */
	int64_t		at;
	uint64_t	steps;			/* that it might have */
} AffinityStepRow;

typedef struct AffinityAnyOrder
{
	AffinityChainRule rule;
	int64_t		n_rows;			/* seen so far */
	int64_t		after;			/* rows before this one lie before an excluded */
	AffinityStepRow set[AFFINITY_MAX_STEPS];	/* the latest rows that fit */
	int			level;			/* steps of the largest set within a window */
	int64_t		first;			/* number of a row of its first instant */
	int64_t		first_at;
	int64_t		last_at;
	int64_t		first_after;	/* `after` at that time */
} AffinityAnyOrder;

extern void affinity_any_begin(AffinityAnyOrder *any,
							   const AffinityChainRule *rule);
extern bool affinity_any_feed(AffinityAnyOrder *any, const AffinityEvent *event,
							  int64_t n);
extern void affinity_any_times_begin(AffinityAnyOrder *any);
extern int	affinity_any_times(AffinityAnyOrder *any, const AffinityEvent *event,
							   int64_t n, int64_t *times, int n_times);

/* ---- funnel_place.c: things that each have a place of their own -------- */

typedef struct AffinityPlaces
{
	uint64_t	taken;			/* places, bit 0 the first */
	uint64_t	closed;			/* that no path to a free one leads from */
	uint64_t	options[AFFINITY_MAX_STEPS];	/* of what has the place */
} AffinityPlaces;

extern void affinity_places_clear(AffinityPlaces *places);
extern bool affinity_place(AffinityPlaces *places, uint64_t options,
						   uint64_t within);

/* ---- funnel_sections.c: groups of steps in any order ------------------- */

/* A chain that has not ended, the longest from its start. */
typedef struct AffinitySectionPath
{
	int			level;			/* steps taken */
	AffinityPlaces rows;		/* the rows taken: steps that they might have */
	int64_t		at[AFFINITY_MAX_STEPS]; /* their times, in order */
} AffinitySectionPath;

typedef struct AffinitySections
{
	AffinityChainRule rule;
	/* the section of the step after so many: steps first + 1 to end */
	struct
	{
		int			first;
		int			end;
	}			section[AFFINITY_MAX_STEPS];
	int			level;			/* steps of the longest chain so far */
	int64_t		best[AFFINITY_MAX_STEPS];	/* their times */
	int			n_rows;			/* rows of the instant that is looked at */
	uint64_t	any;
	uint64_t	row[AFFINITY_MAX_STEPS];
	int			n_paths;		/* at most one for each level */
	int			order[AFFINITY_MAX_STEPS + 1];	/* latest start first; the rest */
	AffinitySectionPath path[AFFINITY_MAX_STEPS + 1];
} AffinitySections;

extern void affinity_sections_begin(AffinitySections *chain,
								 const AffinityChainRule *rule,
								 uint64_t joined);
extern bool affinity_sections_feed(AffinitySections *chain,
								const AffinityEvent *event, int64_t n);

/* 0 for a row that satisfies nothing, else its first step. */
static inline int
affinity_first_step(uint64_t steps)
{
	return steps == 0 ? 0 : __builtin_ctzll(steps) + 1;
}

/*
 * The order of rows: by time, then by first step, so that the result does not
 * depend on the order in which they arrived.
 */
static inline bool
affinity_event_before(const AffinityEvent *a, const AffinityEvent *b)
{
	int			step_a;
	int			step_b;

	if (a->at != b->at)
		return a->at < b->at;
	step_a = affinity_first_step(a->steps);
	step_b = affinity_first_step(b->steps);
	if (step_a != step_b)
		return step_a < step_b;
	return a->steps < b->steps;
}

/* ---- bits.c: bitmaps --------------------------------------------------- */

/* Numbers that affinity_list_bits may write for so many words. */
#define AFFINITY_BITS_ROOM(n_words) ((n_words) * (size_t) 64 + 8)

extern size_t affinity_list_bits(const uint64_t *words, size_t n_words,
								 uint32_t first, uint32_t *out);

/* ---- select.c: quantiles --------------------------------------------- */

extern double affinity_quantile(int64_t *value, size_t n, double p);

/* ---- sequence_match.c: patterns over events -------------------------- */

typedef struct AffinityPatternStep
{
	int			condition;		/* bit of the event's steps; -1: any event */
	bool		gap;			/* other events may lie before it */
	uint64_t	least;			/* time since the event of the step before */
	uint64_t	most;
} AffinityPatternStep;

typedef struct AffinityPattern
{
	int			n_steps;		/* 0 to AFFINITY_MAX_STEPS */
	AffinityPatternStep step[AFFINITY_MAX_STEPS];
} AffinityPattern;

typedef struct AffinityMatcher
{
	const AffinityPattern *pattern;
	const AffinityEvent *event;
	uint64_t   *ends;			/* for each event: a bit for each step */
	int64_t		from;			/* the match under way starts here or later */
	int64_t		next[AFFINITY_MAX_STEPS];	/* first event not looked at */
	int64_t		last[AFFINITY_MAX_STEPS];	/* last that may be the neighbour */
	int64_t		count;			/* matches */
	int			longest;		/* steps of the longest part that matches */
} AffinityMatcher;

extern void affinity_match_begin(AffinityMatcher *m,
								 const AffinityPattern *pattern,
								 const AffinityEvent *event, uint64_t *ends);
extern void affinity_match_forward(AffinityMatcher *m, int64_t first,
								   int64_t last, bool restarting);
extern void affinity_match_back_begin(AffinityMatcher *m, int n_steps,
									  int64_t n_events);
extern void affinity_match_back(AffinityMatcher *m, int64_t first,
								int64_t last, int64_t n_events);
extern int64_t affinity_match_walk(const AffinityMatcher *m, int j,
								   int64_t before, int64_t n_events);

#endif							/* AFFINITY_KERNEL_H */
