/*
 * ranker.h
 *		A ranker, and the sums and vectors that it scores by; private to the
 *		room.
 */
#ifndef AFFINITY_SCORE_RANKER_H
#define AFFINITY_SCORE_RANKER_H

#include "score/score.h"

/* ---- sums.c: scores of all items at once, by lists --------------------- */

typedef struct ScoreSums
{
	double	   *sum;			/* by number */
	uint32	   *touched;
	uint32		n_touched;
	bool		is_signed;
	uint32		(*add) (double *sum, uint32 *touched, uint32 n_touched,
						const uint32 *col, const float *val, size_t n,
						double factor);
} ScoreSums;

extern void affinity_score_sums_begin(ScoreSums *sums, bool is_signed,
									  uint32 n_items);
extern void affinity_score_sums_add(ScoreSums *sums, const AffinityList *list,
									double weight);
extern void affinity_score_sums_end(ScoreSums *sums);

/* Leave an item out, once all sums are there. */
static inline void
affinity_score_sums_exclude(ScoreSums *sums, uint32 no)
{
	sums->sum[no] = -0.0;
}

/* ---- fold.c: a user's vector, and scores by factors -------------------- */

/*
 * Items to score between two looks at interrupts: their scores fit the cache.
 */
#define SCORE_PIECE 2048

typedef struct ScoreFold
{
	const AffinityAlgorithm *algorithm;
	const void *options;
	const AffinityFactors *factors;
	AffinityFold *fold;
	float	   *user;			/* stride floats; the algorithm's result */
	double	   *wide;			/* the same */
	float		offset;
	MemoryContext context;
	uint32		room;
	float	   *plain;			/* weights of items that have none */
} ScoreFold;

extern void affinity_score_fold_begin(ScoreFold *f,
									  const AffinityScorer *scorer);
extern const float *affinity_score_fold_weights(ScoreFold *f,
												const AffinityHistory *h);
extern bool affinity_score_fold_user(ScoreFold *f,
									 const AffinityHistory *history);
extern float affinity_score_fold_score(const ScoreFold *f, uint32 no);
extern void affinity_score_fold_scores(const ScoreFold *f, uint32 from,
									   uint32 n, float *score);

/* ---- rank.c ------------------------------------------------------------ */

struct AffinityRanker
{
	const AffinityScorer *scorer;
	MemoryContext context;
	ScoreFold  *fold;			/* NULL: not begun */
	Size		room;			/* of the arrays that follow */
	uint64	   *key;
	uint64	   *scratch;
	float	   *score;

	/* the choice for one user */
	AffinitySelection selection;
	uint32		n_chosen;		/* rank keys in key, best first */
	uint32		n_before;		/* of them, with a score of 0 or more */
	uint32		n_against;		/* items with a score below 0 */
	bool		any_personalized;	/* something is, pinned items too */
	uint8	   *mark;			/* bits by number: not to be filled up with */
	bool		marked;			/* some bit is set */

	/* rules */
	const double *factor;		/* of each item, where many users are ranked;
								 * NULL: not known yet */
	double		most_factor;	/* the largest of these; infinite: not known */
	bool		has_factor;		/* rules change scores */
	AffinityRanked *pinned;		/* beside those of the rules */
	Size		pinned_room;
	struct Arranger *arranger;	/* NULL: not begun */
};

extern ScoreFold *affinity_score_ranker_fold(AffinityRanker *r);
extern void affinity_score_ranker_room(AffinityRanker *r, Size n);
extern void affinity_score_begin_choice(AffinityRanker *r,
										const AffinitySelection *selection);
extern void affinity_score_begin_keys(AffinityRanker *r, AffinityTopK *top,
									  Size n);
extern void affinity_score_end_keys(AffinityRanker *r, AffinityTopK *top);
extern void affinity_score_speak_against(AffinityRanker *r, uint32 no);
extern void affinity_score_rank(AffinityRanker *r, const AffinityOffer *offer,
								AffinityRanking *ranking);

/* choose.c */
extern void affinity_score_choose_by_lists(AffinityRanker *r,
										   const AffinityHistory *history);
extern void affinity_score_choose_by_vector(AffinityRanker *r);
extern void affinity_score_push(const AffinityRanker *r, AffinityTopK *top,
								uint32 no, float score);

/* rules.c */
extern float affinity_score_times_factor(const AffinityRanker *r, uint32 no,
										 float score);
extern float affinity_score_ruled_most(const AffinityRanker *r, uint32 no,
									   float score);
extern void affinity_score_pin(AffinityRanker *r, uint32 i,
							   bool personalized, float score);
extern void affinity_score_pin_vector(AffinityRanker *r);

/* Is an item left out, or its score another, by rules? */
static inline bool
affinity_score_may_be(const AffinityRanker *r, uint32 no)
{
	return r->selection.rules == NULL ||
		affinity_score_is_allowed(r->selection.rules, no);
}

/*
 * What rules make of an item's score.
 */
static inline float
affinity_score_ruled(const AffinityRanker *r, uint32 no, float score)
{
	return r->has_factor ? affinity_score_times_factor(r, no, score) : score;
}

/* Do rules change scores? */
static inline bool
affinity_score_changes(const AffinityRules *rules)
{
	return rules && (rules->factor != NULL || rules->penalty > 0);
}

/* arrange.c */
extern bool affinity_score_arrange(AffinityRanker *r,
								   const AffinityOffer *offer, uint32 k,
								   AffinityRanking *ranking);

/* prefix.c */
extern uint32 affinity_score_first_prefix(const AffinityRanker *r,
										  const AffinityRules *rules,
										  uint32 k);
extern uint32 affinity_score_longer_prefix(const AffinityRanker *r);

/* diverse.c: how similar rows of a list are to those chosen before */
typedef struct Diverse Diverse;

extern Diverse *affinity_score_diverse_begin(const AffinityScorer *scorer);
extern void affinity_score_diverse_rows(Diverse *d, const uint32 *no,
										uint32 n);
extern void affinity_score_diverse_choose(Diverse *d, uint32 chosen,
										  const uint32 *window, uint32 n,
										  double *similar);
extern void affinity_score_diverse_enter(Diverse *d, uint32 row,
										 const uint32 *chosen, uint32 n,
										 double *similar);

/* scan.c */
extern bool affinity_score_scan_best(AffinityRanker *r, AffinityTopK *top);
extern bool affinity_score_scan_similar(const AffinityScorer *scorer,
										uint32 self, double norm,
										AffinityTopK *top);

/* repeat.c */
extern void affinity_score_choose_repeats(AffinityRanker *r,
										  const AffinityHistory *history);

/* similar.c */
extern void affinity_score_push_cosine(const AffinityScorer *scorer,
									   uint32 self, uint32 other, double norm,
									   AffinityTopK *top);

/* Keys of the k best of n, with room for all; in the current context. */
static inline void
affinity_score_keys_begin(AffinityTopK *top, uint32 k, uint32 n)
{
	Size		room = (Size) n + 1;

	affinity_kernel_topk_init(top, affinity_base_array(room, sizeof(uint64)),
							  Min(k, n), room);
}

static inline void
affinity_score_keys_end(AffinityTopK *top)
{
	uint64	   *scratch = affinity_base_array(top->n, sizeof(uint64));

	affinity_kernel_topk_finish(top, scratch);
	pfree(scratch);
}

/*
 * What a summed weight of a history counts in a sum: that is the weight where
 * times decay histories. Events of a kind count as much of it as that kind.
 */
static inline double
affinity_score_weight(const AffinityScorer *scorer, const float *weight,
					  int64 entry, uint32 kind)
{
	double		factor = scorer->n_kinds > 1 ? scorer->kind_factor[kind] : 1;

	if (weight && affinity_train_decays(scorer->algorithm, scorer->options))
		return factor * weight[entry];
	return factor * scorer->algorithm->history_weight(scorer->options, weight ?
													  weight[entry] : 1);
}

static inline double
affinity_score_event(const AffinityScorer *scorer,
					 const AffinityHistory *history, uint32 i)
{
	return affinity_score_weight(scorer, history->weight, i,
								 history->item[i] / scorer->n_items);
}

/* May sums be below 0? */
static inline bool
affinity_score_is_signed(const AffinityScorer *scorer)
{
	return affinity_train_signed_scores(scorer->algorithm, scorer->options);
}

/* The list of an item of a history. */
static inline AffinityList
affinity_score_list(const AffinityScorer *scorer,
					const AffinityHistory *history, uint32 i)
{
	const AffinityLists *lists = &scorer->lists;
	const AffinityListPlace *place;
	AffinityList list;

	if (history->list)
		return history->list[i];
	if (history->read_list)
		return history->read_list(history->reader, i);
	place = &lists->place[history->item[i]];
	list.n = place->n;
	list.item = lists->item + place->start;
	list.score = lists->score + place->start;
	return list;
}

#endif							/* AFFINITY_SCORE_RANKER_H */
