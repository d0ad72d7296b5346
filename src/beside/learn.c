/*
 * learn.c
 *		What is popular: in each group of users, and of late.
 *
 * An item is as popular in a group as it has users there whose pairs with it
 * are trained on; with signed weights less those who dislike it, and where
 * the algorithm takes the sum of weights for popularity, it is that. Of late a
 * user counts 2^(-a / h), a being the age of the latest row with the item
 * before the newest row of all. h is that of the model's trend, or by its
 * rule: 6 % of the median age. Algorithm popular with a half-life counts that
 * in both.
 *
 * Sums are taken in the order of users, in double; ties go by number.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "beside/beside.h"
#include "kernel/topk.h"
#include "parallel/team.h"

typedef struct Learning
{
	const AffinityBesideRequest *request;
	const AffinityInteractions *in;
	AffinityBesideLists *lists;
	bool		by_popularity;	/* what is left of pairs is their popularity */
	bool		by_weight;
	bool		is_signed;
	double		half_life;		/* seconds; 0: all is as new */
	double	   *sum;			/* by item; 0 between lists */
	bool	   *is_touched;
	uint32	   *touched;
	uint32		n_touched;
	uint64	   *key;			/* room for keys, twice */
	MemoryContext context;		/* of a list */
} Learning;

/* ---- what is read ------------------------------------------------------- */

static bool
is_left(const AffinityReadRequest *request)
{
	return request->recency == AFFINITY_RECENCY_LATEST ||
		request->recency == AFFINITY_RECENCY_SUM;
}

/*
 * Ask for the ages of pairs, beside what the algorithm has asked for.
 */
void
affinity_beside_request(AffinityBesideRequest *b, AffinityReadRequest *request)
{
	if (!b->has_time)
		return;
	b->asked_ages = request->recency == AFFINITY_RECENCY_NONE;
	if (b->asked_ages)
	{
		/* rows without a time go on counting, where they do */
		request->keep_untimed |= !request->events;
		request->recency = AFFINITY_RECENCY_AGE;
	}
	request->recency_by_user = true;
}

/*
 * What of that the algorithm does not expect goes again.
 */
static void
forget_ages(const AffinityBesideRequest *b, AffinityInteractions *in)
{
	if (!b->asked_ages)
		return;
	affinity_parallel_free_array(in->recency);
	affinity_parallel_free_array(in->recency_by_user);
	in->recency = in->recency_by_user = NULL;
}

/* ---- a list ------------------------------------------------------------- */

/*
 * What a pair counts.
 */
static double
value_of(const Learning *l, int64 e, bool trending)
{
	const AffinityInteractions *in = l->in;
	const float *val = in->by_user.val;
	double		value = 1;

	if (l->by_popularity)
		return in->recency_by_user[e];
	if (l->by_weight && !trending)
		return val ? val[e] : 1;
	if (trending && l->half_life > 0)
		value = exp2(in->recency_by_user[e] / l->half_life);
	if (l->is_signed && val && !(val[e] > 0))
		return val[e] < 0 ? -value : 0;
	return value;
}

static void
add_user(Learning *l, uint32 user, bool trending)
{
	const AffinityCsr *m = &l->in->by_user;

	for (int64 e = m->start[user]; e < m->start[user + 1]; e++)
	{
		uint32		item = m->col[e];

		/* beyond are events of other kinds */
		if (item >= l->in->n_items)
			continue;
		if (!l->is_touched[item])
			l->touched[l->n_touched++] = item;
		l->is_touched[item] = true;
		l->sum[item] += value_of(l, e, trending);
	}
}

static Datum
array_of(const void *value, int n, Oid type)
{
	Size		bytes = ARR_OVERHEAD_NONULLS(1) + (Size) n * sizeof(int32);
	ArrayType  *array = palloc0(bytes);

	SET_VARSIZE(array, bytes);
	array->ndim = 1;
	array->elemtype = type;
	ARR_DIMS(array)[0] = n;
	ARR_LBOUND(array)[0] = 1;
	memcpy(ARR_DATA_PTR(array), value, (Size) n * sizeof(int32));
	return PointerGetDatum(array);
}

/*
 * The best items of what was added, which is forgotten; how many there are.
 */
static int
take_best(Learning *l, int32 *item, float *score)
{
	AffinityTopK top;

	affinity_kernel_topk_init(&top, l->key,
							  Min(AFFINITY_MOST_POPULAR, l->in->n_items),
							  (Size) l->in->n_items + 1);
	for (uint32 i = 0; i < l->n_touched; i++)
	{
		uint32		no = l->touched[i];
		float		value = (float) Min(l->sum[no], FLT_MAX);

		l->sum[no] = 0;
		l->is_touched[no] = false;
		if (value > 0)
			affinity_kernel_topk_push(&top, affinity_kernel_rank_key(value, no));
	}
	l->n_touched = 0;
	affinity_kernel_topk_finish(&top, l->key + l->in->n_items + 1);
	for (size_t i = 0; i < top.n; i++)
	{
		item[i] = (int32) affinity_kernel_rank_key_no(top.key[i]);
		score[i] = affinity_kernel_rank_key_score(top.key[i]);
	}
	return (int) top.n;
}

/*
 * Put the list of some users, or of all (NULL), beside the others. What nobody
 * of them has is no list.
 */
static bool
put_list(Learning *l, Datum group, const uint32 *user, uint32 n,
		 bool trending)
{
	AffinityBesideLists *lists = l->lists;
	int32		item[AFFINITY_MOST_POPULAR];
	float		score[AFFINITY_MOST_POPULAR];
	Datum		values[6];
	bool		nulls[6] = {0};
	int			n_items;
	MemoryContext old = MemoryContextSwitchTo(l->context);

	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		add_user(l, user ? user[i] : i, trending);
	}
	n_items = take_best(l, item, score);
	values[0] = Int32GetDatum(user ? lists->n + 1 : 0);
	values[1] = group;
	nulls[1] = user == NULL;
	values[2] = BoolGetDatum(trending);
	values[3] = Int64GetDatum((int64) n);
	values[4] = array_of(item, n_items, INT4OID);
	values[5] = array_of(score, n_items, FLOAT4OID);
	if (n_items > 0)
	{
		tuplestore_putvalues(lists->rows, lists->desc, values, nulls);
		lists->n += user != NULL;
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(l->context);
	return n_items > 0;
}

/* ---- groups ------------------------------------------------------------- */

/*
 * The number, among those trained on, of each user of the groups; -1: it is
 * none of them. Both are in the order of ids.
 */
static int64 *
align_users(const AffinityInteractions *in, const AffinityInteractions *groups)
{
	uint32		n = groups->by_user.n_rows;
	int64	   *number = affinity_base_array(n, sizeof(int64));
	uint32		u = 0;

	for (uint32 g = 0; g < n; g++)
	{
		Datum		id = affinity_dictionary_id(groups->users, g);
		int			c = 1;

		affinity_base_look_up(g);
		while (u < in->by_user.n_rows &&
			   (c = affinity_dictionary_compare(in->users, u, id)) < 0)
			u++;
		number[g] = u < in->by_user.n_rows && c == 0 ? (int64) u : -1;
	}
	return number;
}

static void
put_groups(Learning *l, const AffinityInteractions *groups)
{
	const AffinityCsr *m = &groups->by_item;
	int64	   *number = align_users(l->in, groups);
	uint32	   *user = affinity_base_array(groups->by_user.n_rows,
										   sizeof(uint32));

	for (uint32 g = 0; g < m->n_rows; g++)
	{
		Datum		name = affinity_dictionary_id(groups->items, g);
		uint32		n = 0;

		CHECK_FOR_INTERRUPTS();
		for (int64 e = m->start[g]; e < m->start[g + 1]; e++)
		{
			if (number[m->col[e]] >= 0)
				user[n++] = (uint32) number[m->col[e]];
		}
		if (n == 0 || !put_list(l, name, user, n, false))
			continue;
		l->lists->n_groups++;
		if (l->request->has_time)
			(void) put_list(l, name, user, n, true);
	}
	pfree(user);
	pfree(number);
}

static void
set_rule(Learning *l, AffinityBesideLists *lists)
{
	const AffinityBesideRequest *b = l->request;
	const AffinityTimes *times = affinity_train_times(b->algorithm,
													  b->options);
	AffinityReadRequest own = {0};

	if (b->algorithm->request)
		b->algorithm->request(b->options, &own);
	l->by_popularity = is_left(&own);
	l->by_weight = b->algorithm->popular_by_weight &&
		b->algorithm->popular_by_weight(b->options);
	l->is_signed = affinity_train_pair_value(b->algorithm, b->options) ==
		AFFINITY_PAIR_SIGNED;
	if (!b->has_time || l->by_popularity)
		return;
	l->half_life = times && times->trend_half_life > 0 ?
		times->trend_half_life / (double) USECS_PER_SEC :
		affinity_train_usual_half_life(l->in->recency,
									   l->in->by_item.start[l->in->n_items]);
	lists->half_life = l->half_life / SECS_PER_DAY;
}

/*
 * Learn what is popular in the groups of a definition, and of late of all users;
 * the lists live in a memory context.
 */
AffinityBesideLists *
affinity_beside_learn(const AffinityBesideRequest *b, const char *name,
					  const ModelDefinition *d, AffinityInteractions *in,
					  MemoryContext context)
{
	Learning	l = {.request = b, .in = in};
	MemoryContext old = MemoryContextSwitchTo(context);
	AffinityBesideLists *lists = palloc0(sizeof(AffinityBesideLists));
	const Oid	types[] = {
		INT4OID, TEXTOID, BOOLOID, INT8OID, INT4ARRAYOID, FLOAT4ARRAYOID
	};

	lists->rows = tuplestore_begin_heap(false, false, work_mem);
	lists->desc = CreateTemplateTupleDesc(lengthof(types));
	for (int i = 0; i < (int) lengthof(types); i++)
		TupleDescInitEntry(lists->desc, (AttrNumber) (i + 1), "", types[i], -1,
						   0);
	MemoryContextSwitchTo(old);
	l.lists = lists;
	set_rule(&l, lists);
	l.sum = affinity_base_zeroed_array(in->n_items, sizeof(double));
	l.is_touched = affinity_base_zeroed_array(in->n_items, sizeof(bool));
	l.touched = affinity_base_array(in->n_items, sizeof(uint32));
	l.key = affinity_base_array((Size) in->n_items + 1, 2 * sizeof(uint64));
	l.context = AllocSetContextCreate(CurrentMemoryContext, "affinity list",
									  ALLOCSET_DEFAULT_SIZES);
	if (b->has_time)
		(void) put_list(&l, (Datum) 0, NULL, in->by_user.n_rows, true);
	put_groups(&l, affinity_beside_groups(name, d));
	MemoryContextDelete(l.context);
	pfree(l.sum);
	pfree(l.is_touched);
	pfree(l.touched);
	pfree(l.key);
	forget_ages(b, in);
	return lists;
}

/*
 * What there is to say of lists in the column "training".
 */
void
affinity_beside_figures(const AffinityBesideLists *lists,
						AffinityItemSink *sink)
{
	sink->figure(sink, AFFINITY_GROUPED, &lists->n_groups, 1, false);
	if (lists->half_life > 0)
		sink->figure(sink, "trending_half_life_days", &lists->half_life, 1,
					 false);
}
