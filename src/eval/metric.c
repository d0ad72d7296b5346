/*
 * metric.c
 *		Metrics of lists, one after the other. The formulas are those of
 *		docs/evaluation.md.
 *
 * A list that is shorter than k counts as if nothing followed. Sums are taken
 * in the order of users, in double.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "eval/metric.h"

const char *const affinity_eval_metric_names[] = {
	"recall", "precision", "ndcg", "map", "mrr", "hit_rate", "novelty",
	"average_popularity", "auc", "coverage", "gini", NULL
};

const char *const affinity_eval_target_names[] = {"all", "new", "repeat", NULL};

#define MARK_NEW	1
#define MARK_REPEAT	2

/* What a list has found so far. */
typedef struct Found
{
	uint32		wanted;			/* items to be predicted */
	uint32		hits;
	uint32		first;			/* rank of the first; 0: none */
	double		dcg;
	double		precisions;		/* at each hit, summed */
} Found;

static void
put_value(AffinityEvalResult *result, int slot, uint32 user, double value)
{
	result->value[(Size) slot * result->n_users + user] = (float) value;
	result->sum[slot] += value;
	result->count[slot]++;
}

/*
 * A user's values at one k.
 */
static void
put_hits(const EvalMeter *m, uint32 user, int i, AffinityEvalTargets targets,
		 const Found *f)
{
	AffinityEvalResult *result = m->result;
	uint32		k = m->want->k[i];
	double		possible = Min(f->wanted, k);
	int			slot = affinity_eval_slot(m->want, 0, i, targets);
	double		value[AFFINITY_EVAL_N_HITS] = {
		[AFFINITY_EVAL_RECALL] = (double) f->hits / f->wanted,
		[AFFINITY_EVAL_PRECISION] = (double) f->hits / k,
		[AFFINITY_EVAL_NDCG] = f->dcg / m->ideal[Min(f->wanted, k)],
		[AFFINITY_EVAL_MAP] = f->precisions / possible,
		[AFFINITY_EVAL_MRR] = f->first > 0 ? 1.0 / f->first : 0,
		[AFFINITY_EVAL_HIT_RATE] = f->hits > 0
	};

	for (int metric = 0; metric < AFFINITY_EVAL_N_HITS; metric++)
		put_value(result, slot + metric, user, value[metric]);
}

/*
 * Hits among the entries of a list, by k.
 */
static void
measure_hits(const EvalMeter *m, uint32 user, const AffinityRanking *ranking,
			 uint32 n, const uint32 *wanted)
{
	const AffinityEvalWant *want = m->want;
	Found		found[AFFINITY_EVAL_N_TARGETS] = {0};
	uint32		rank = 0;

	for (int t = 0; t < AFFINITY_EVAL_N_TARGETS; t++)
		found[t].wanted = wanted[t];
	for (int i = 0; i < want->n_k; i++)
	{
		for (; rank < Min(n, want->k[i]); rank++)
		{
			uint8		mark = m->mark[ranking->entry[rank].no];

			for (int t = 0; mark && t < AFFINITY_EVAL_N_TARGETS; t++)
			{
				Found	   *f = &found[t];

				if ((t == AFFINITY_EVAL_NEW_ITEMS && mark != MARK_NEW) ||
					(t == AFFINITY_EVAL_REPEAT_ITEMS && mark != MARK_REPEAT))
					continue;
				f->hits++;
				f->dcg += m->discount[rank];
				f->precisions += (double) f->hits / (rank + 1);
				if (f->first == 0)
					f->first = rank + 1;
			}
		}
		for (int t = 0; t < AFFINITY_EVAL_N_TARGETS; t++)
		{
			if (wanted[t] > 0)
				put_hits(m, user, i, (AffinityEvalTargets) t, &found[t]);
		}
	}
}

/*
 * How known the items of a list are, and that they were shown. Items without
 * popularity are as little known as half a user makes them.
 */
static void
measure_items(const EvalMeter *m, uint32 user, const AffinityRanking *ranking,
			  uint32 n)
{
	const AffinityEvalWant *want = m->want;
	double		novelty = 0;
	double		popularity = 0;
	uint32		rank = 0;

	for (int i = 0; i < want->n_k; i++)
	{
		for (; rank < Min(n, want->k[i]); rank++)
		{
			uint32		no = ranking->entry[rank].no;
			double		p = m->popularity[no];

			novelty += m->log_total - log2(p > 0 ? p : 0.5);
			popularity += p;
			for (int j = i; j < want->n_k; j++)
				m->shown[j][no]++;
		}
		if (rank == 0)
			continue;
		put_value(m->result,
				  affinity_eval_slot(want, AFFINITY_EVAL_NOVELTY, i, 0), user,
				  novelty / rank);
		put_value(m->result,
				  affinity_eval_slot(want, AFFINITY_EVAL_POPULARITY, i, 0),
				  user, popularity / rank);
	}
}

/*
 * The part of pairs of an item to be predicted and another one that are in
 * the right order: by score, ties counting half. Entries of one score stand
 * together.
 */
static void
measure_auc(const EvalMeter *m, uint32 user, const AffinityRanking *ranking,
			uint32 n)
{
	double		right = 0;
	double		wanted = 0;
	double		others = 0;

	for (uint32 from = 0, to; from < n; from = to)
	{
		double		here = 0;

		for (to = from; to < n && ranking->entry[to].score ==
			 ranking->entry[from].score; to++)
			here += m->mark[ranking->entry[to].no] != 0;
		/* above these stand wanted ones: each is right about the others here */
		right += (wanted + here / 2) * (to - from - here);
		wanted += here;
		others += to - from - here;
	}
	if (wanted > 0 && others > 0)
		put_value(m->result,
				  affinity_eval_slot(m->want, AFFINITY_EVAL_AUC, 0, 0), user,
				  right / (wanted * others));
}

/*
 * One list; users come in order.
 */
void
affinity_eval_meter_take(void *state, uint32 user,
						 const AffinityRanking *ranking)
{
	EvalMeter  *m = state;
	const EvalTargets *t = &m->targets;
	uint32		n = ranking->n;
	uint32		wanted[AFFINITY_EVAL_N_TARGETS] = {0};

	for (int64 e = t->start[user]; e < t->start[user + 1]; e++)
	{
		m->mark[t->item[e]] = t->repeat[e] ? MARK_REPEAT : MARK_NEW;
		wanted[AFFINITY_EVAL_REPEAT_ITEMS] += t->repeat[e];
	}
	wanted[AFFINITY_EVAL_ALL_ITEMS] = t->unknown[user] +
		(uint32) (t->start[user + 1] - t->start[user]);
	wanted[AFFINITY_EVAL_NEW_ITEMS] = wanted[AFFINITY_EVAL_ALL_ITEMS] -
		wanted[AFFINITY_EVAL_REPEAT_ITEMS];
	m->result->any_repeat |= wanted[AFFINITY_EVAL_REPEAT_ITEMS] > 0;
	measure_hits(m, user, ranking, n, wanted);
	measure_items(m, user, ranking, n);
	if (AFFINITY_EVAL_WANTS(m->want, AFFINITY_EVAL_AUC))
		measure_auc(m, user, ranking, n);
	for (int64 e = t->start[user]; e < t->start[user + 1]; e++)
		m->mark[t->item[e]] = 0;
}

/* ---- begin and end ----------------------------------------------------- */

static void
begin_discounts(EvalMeter *m)
{
	const AffinityEvalWant *want = m->want;
	uint32		most = want->n_k > 0 ? want->k[want->n_k - 1] : 0;

	m->discount = affinity_base_array(most, sizeof(double));
	m->ideal = affinity_base_array((Size) most + 1, sizeof(double));
	m->ideal[0] = 0;
	for (uint32 r = 0; r < most; r++)
	{
		affinity_base_look_up(r);
		m->discount[r] = 1 / log2(r + 2.0);
		m->ideal[r + 1] = m->ideal[r] + m->discount[r];
	}
}

/*
 * The result, in the current memory context.
 */
void
affinity_eval_meter_begin(EvalMeter *m, const AffinityEvalWant *want,
						  uint32 n_users, const AffinityBatch *batch,
						  const AffinityScorer *scorer)
{
	AffinityEvalResult *result = palloc0(sizeof(AffinityEvalResult));
	Size		values;

	memset(m, 0, sizeof(EvalMeter));
	m->result = result;
	m->want = &result->want;
	m->n_items = scorer->n_items;
	m->popularity = batch->popularity;
	result->want = *want;
	result->n_users = n_users;
	result->n_slots = affinity_eval_n_slots(want);
	values = mul_size(result->n_slots, n_users);
	affinity_base_need_memory(add_size(mul_size(values, sizeof(float)),
									   mul_size(mul_size(want->n_k, m->n_items),
												sizeof(uint32))),
							  "ask for fewer k, or for a sample of users",
							  "metrics of %u users need", n_users);
	result->value = affinity_base_array(values, sizeof(float));
	for (Size i = 0; i < values; i++)
		result->value[i] = NAN;
	result->has_history = affinity_base_zeroed_array(n_users, sizeof(bool));
	result->sum = palloc0(result->n_slots * sizeof(double));
	result->count = palloc0(result->n_slots * sizeof(uint32));
	result->coverage = palloc0(want->n_k * sizeof(double));
	result->gini = palloc0(want->n_k * sizeof(double));
}

/*
 * What is needed on the way.
 */
void
affinity_eval_meter_room(EvalMeter *m)
{
	double		total = 0;

	for (uint32 i = 0; i < m->n_items; i++)
		total += m->popularity[i] > 0 ? m->popularity[i] : 0;
	m->log_total = log2(total > 0 ? total : 1);
	m->mark = affinity_base_zeroed_array(m->n_items, sizeof(uint8));
	m->shown = palloc0(m->want->n_k * sizeof(uint32 *));
	for (int i = 0; i < m->want->n_k; i++)
		m->shown[i] = affinity_base_zeroed_array(m->n_items, sizeof(uint32));
	begin_discounts(m);
}

#define ST_SORT sort_counts
#define ST_ELEMENT_TYPE uint32
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * How many items are shown at all, and how unevenly (Gini's coefficient).
 */
static void
measure_catalog(EvalMeter *m, int i)
{
	uint32	   *shown = m->shown[i];
	uint32		n = m->n_items;
	double		items = 0;
	double		total = 0;
	double		weighted = 0;

	sort_counts(shown, n);
	for (uint32 j = 0; j < n; j++)
	{
		affinity_base_look_up(j);
		items += shown[j] > 0;
		total += shown[j];
		weighted += (2.0 * (j + 1) - n - 1) * shown[j];
	}
	m->result->coverage[i] = n > 0 ? items / n : NAN;
	m->result->gini[i] = total > 0 ? weighted / (n * total) : NAN;
}

void
affinity_eval_meter_end(EvalMeter *m)
{
	for (int i = 0; i < m->want->n_k; i++)
		measure_catalog(m, i);
}
