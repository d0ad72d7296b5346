/*
 * subject.c
 *		What is measured: a model trained in memory, or a stored one.
 *
 * Rows that an algorithm puts are kept as a scorer wants them: nothing is
 * written anywhere. Lists are what a table of items would hold, to the last
 * bit.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "attribute/attribute.h"
#include "batch/batch.h"
#include "eval/eval.h"
#include "parallel/progress.h"
#include "repeat/repeat.h"

/* Rows of factors are multiples of this many floats, aligned to their bytes. */
#define ROW_FLOATS	16
#define ROW_BYTES	(ROW_FLOATS * sizeof(float))

/* Lists begin with room for so many entries. */
#define FIRST_ROOM	((Size) 1 << 16)

typedef struct Kept
{
	AffinityItemSink sink;
	MemoryContext context;
	uint32		n_items;
	uint32		n_kinds;
	AffinityKindSums kinds;
	float	   *popularity;
	AffinityListPlace *place;	/* lists, in one piece, by kind and item */
	int32	   *item;
	float	   *score;
	Size		n;
	Size		room;
	AffinityFactors factors;
	float	   *factor;			/* the same, to be written */
} Kept;

/* ---- the sink ---------------------------------------------------------- */

static void
check_room(Size bytes)
{
	affinity_base_need_memory(bytes, "evaluate on fewer rows",
							  "a model in memory needs");
}

static void
make_room(Kept *k, Size n)
{
	Size		room = Max(k->room, FIRST_ROOM);

	if (n <= k->room)
		return;
	while (room < n)
		room *= 2;
	check_room(mul_size(room, sizeof(int32) + sizeof(float)));
	if (k->room == 0)
	{
		k->item = MemoryContextAllocHuge(k->context, room * sizeof(int32));
		k->score = MemoryContextAllocHuge(k->context, room * sizeof(float));
	}
	else
	{
		k->item = repalloc_huge(k->item, room * sizeof(int32));
		k->score = repalloc_huge(k->score, room * sizeof(float));
	}
	k->room = room;
}

/*
 * The first row says how long all are.
 */
static void
begin_factors(Kept *k, uint32 width)
{
	AffinityFactors *f = &k->factors;
	MemoryContext old = MemoryContextSwitchTo(k->context);
	char	   *area;

	f->n_items = k->n_items;
	f->width = width;
	f->stride = TYPEALIGN(ROW_FLOATS, width);
	f->bytes = mul_size(mul_size(k->n_items, f->stride), sizeof(float));
	check_room(f->bytes);
	area = affinity_base_zeroed_array(f->bytes + ROW_BYTES, 1);
	f->item = k->factor = (float *) TYPEALIGN(ROW_BYTES, area);
	MemoryContextSwitchTo(old);
}

static void
put_item(AffinityItemSink *sink, const AffinityItemRow *row)
{
	Kept	   *k = (Kept *) sink;
	AffinityListPlace *place = &k->place[row->kind * k->n_items + row->item];

	k->popularity[row->item] = sink->popularity ?
		sink->popularity[row->item] : row->popularity;
	place->start = k->n;
	place->n = row->n_neighbors;
	if (row->n_neighbors > 0)
	{
		make_room(k, k->n + row->n_neighbors);
		memcpy(k->item + k->n, row->neighbor,
			   row->n_neighbors * sizeof(int32));
		memcpy(k->score + k->n, row->score, row->n_neighbors * sizeof(float));
		k->n += row->n_neighbors;
	}
	if (k->n_kinds > 1)
		affinity_score_kind_add(&k->kinds, row);
	if (row->n_factors > 0)
	{
		if (k->factors.width == 0)
			begin_factors(k, row->n_factors);
		if (row->n_factors != k->factors.width)
			elog(ERROR, "items have different numbers of factors");
		memcpy(k->factor + row->item * k->factors.stride, row->factor,
			   row->n_factors * sizeof(float));
	}
}

static void
take_parameters(AffinityItemSink *sink, const float *value, uint32 n)
{
	Kept	   *k = (Kept *) sink;
	float	   *copy = MemoryContextAllocHuge(k->context,
											  Max(n, 1) * sizeof(float));

	memcpy(copy, value, n * sizeof(float));
	k->factors.parameters = copy;
	k->factors.n_parameters = n;
}

/*
 * There is no version before; figures are not kept.
 */
static double
find_before(AffinityItemSink *sink, const char *name)
{
	(void) sink;
	(void) name;
	return NAN;
}

static void
take_figure(AffinityItemSink *sink, const char *name, const double *value,
			int n, bool list)
{
	(void) sink;
	(void) name;
	(void) value;
	(void) n;
	(void) list;
}

static Kept *
begin_kept(const AffinityInteractions *in)
{
	Kept	   *k = palloc0(sizeof(Kept));

	k->sink.put = put_item;
	k->sink.parameters = take_parameters;
	k->sink.figure = take_figure;
	k->sink.before = find_before;
	k->sink.max_workers = -1;
	k->sink.popularity = in->popularity;
	k->context = CurrentMemoryContext;
	k->n_items = in->n_items;
	k->n_kinds = in->n_kinds;
	k->popularity = affinity_base_zeroed_array(k->n_items, sizeof(float));
	k->place = affinity_base_zeroed_array(in->by_item.n_rows,
										  sizeof(AffinityListPlace));
	return k;
}

/*
 * A batch asks for all lists.
 */
static void
put_lists(void *source, AffinityListTaker *taker)
{
	const Kept *k = source;

	for (uint32 i = 0; i < k->n_items * k->n_kinds; i++)
	{
		AffinityList list = {
			k->place[i].n, k->item + k->place[i].start,
			k->score + k->place[i].start
		};

		affinity_base_look_up(i);
		if (list.n > 0)
			affinity_score_take_list(taker, i, &list);
	}
}

/* ---- a definition ------------------------------------------------------ */

/*
 * The roles of the rows where only a part of the users is trained on.
 */
static const uint8 *
roles_of_part(const AffinityEvalSplit *split, double part)
{
	const AffinityJournal *journal = split->journal;
	int64		n = journal->start[journal->n_users];
	const bool *chosen;
	uint8	   *role;
	int64		rows = 0;
	uint32		users = 0;
	uint32		of_users = 0;

	if (!(part < 1))
		return split->role;
	chosen = affinity_train_users_chosen(journal->users, journal->n_users,
										 part);
	role = affinity_base_array(n, sizeof(uint8));
	for (uint32 u = 0; u < journal->n_users; u++)
	{
		int64		before = rows;
		bool		any = false;

		for (int64 r = journal->start[u]; r < journal->start[u + 1]; r++)
		{
			bool		is_in = (split->role[r] & AFFINITY_EVAL_TRAIN) != 0;

			affinity_base_look_up(r);
			any |= is_in;
			role[r] = split->role[r];
			if (!chosen[u])
				role[r] &= (uint8) ~AFFINITY_EVAL_TRAIN;
			else
				rows += is_in;
		}
		of_users += any;
		users += rows > before;
	}
	ereport(NOTICE,
			(errmsg("option \"users\" is %g: trained on %u of %u users, %lld of %lld rows",
					part, users, of_users, (long long) rows,
					(long long) split->train_rows)));
	return role;
}

/*
 * The part that is trained on, as create_model would read it.
 */
static AffinityInteractions *
training_part(const AffinityEvalSplit *split,
			  const AffinityAlgorithm *algorithm, const void *options,
			  const AffinityAttributes *attributes)
{
	AffinityJournalPart part = {
		split->journal,
		roles_of_part(split, affinity_train_users(algorithm, options)),
		AFFINITY_EVAL_TRAIN
	};
	AffinityReadRequest request = {0};
	AffinityInteractions *in;

	request.value = affinity_train_pair_value(algorithm, options);
	if (algorithm->request)
		algorithm->request(options, &request);
	if (!split->journal->has_time)
		affinity_train_check_no_time(algorithm, options, &request);
	else if (affinity_repeat_usual(algorithm) > 0)
		affinity_batch_visits_request(algorithm, options, &request);
	if (attributes)
		request.more_items = attributes->items;
	in = affinity_interaction_journal_select(&part, &request);
	in->attributes = attributes;
	if (in->by_user.n_rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("nothing is left to train on"),
				 errdetail("%lld of %lld rows are in the part that is trained on, %lld pairs of which do not count.",
						   (long long) in->rows,
						   (long long) split->journal->rows,
						   (long long) in->dropped_pairs),
				 split->kind == AFFINITY_EVAL_TIME ?
				 errhint("Let as_of be later, or evaluate on more rows.") :
				 errhint("Evaluate on more rows.")));
	return in;
}

static Datum *
ids_of(const AffinityDict *dict, uint32 n)
{
	Datum	   *id = affinity_base_array(n, sizeof(Datum));

	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		id[i] = affinity_dictionary_id(dict, i);
	}
	return id;
}

/*
 * What the time is when lists are made: that from which on is tested, or that
 * of the newest row.
 */
static int64
now_of(const AffinityEvalSplit *split)
{
	const AffinityJournal *journal = split->journal;
	int64		newest = AFFINITY_NO_TIME;

	if (split->kind == AFFINITY_EVAL_TIME)
		return split->as_of;
	for (int64 r = 0; r < journal->start[journal->n_users]; r++)
	{
		affinity_base_look_up(r);
		newest = Max(newest, journal->row[r].at);
	}
	return newest;
}

/*
 * The histories of who is tested, as serving reads them; rate is that of the
 * items' repeats, or NULL.
 */
static void
read_histories(const AffinityEvalSplit *split,
			   const AffinityAlgorithm *algorithm, const void *options,
			   uint32 n_items, const float *rate,
			   AffinityEvalSubject *subject)
{
	AffinityJournalPart part = {split->journal, split->role, AFFINITY_EVAL_HISTORY};
	AffinityReadRequest request = {0};
	AffinityInteractions *in;

	affinity_batch_history_request(algorithm, options, &request);
	if (request.from_now)
		request.now = now_of(split);
	if (rate)
		affinity_batch_visits_request(algorithm, options, &request);
	in = affinity_interaction_journal_select(&part, &request);
	affinity_batch_weigh_histories(algorithm, options, in);
	subject->users = in->users;
	subject->all_seen = affinity_train_seen(algorithm, options) ==
		AFFINITY_SEEN_ALL;
	affinity_batch_number_histories(&subject->batch, in, subject->item_id,
									n_items, n_items, subject->all_seen,
									affinity_repeat_rule(algorithm, options),
									rate);
	subject->batch.repeat = rate ? affinity_repeat_usual(algorithm) : 0;
}

/*
 * Train on a split, and have the histories at hand of who is tested;
 * attributes are those of the items, or NULL. Memory is the current context's.
 */
void
affinity_eval_train(const AffinityEvalSplit *split,
					const AffinityAlgorithm *algorithm, const void *options,
					const AffinityAttributes *attributes,
					AffinityEvalSubject *subject)
{
	AffinityInteractions *in;
	Kept	   *kept;
	float	   *rate;

	affinity_parallel_progress_phase("training", 0, 0);
	in = training_part(split, algorithm, options, attributes);
	kept = begin_kept(in);
	memset(subject, 0, sizeof(AffinityEvalSubject));
	subject->item_id = ids_of(in->items, kept->n_items);
	subject->n_sorted = kept->n_items;
	rate = affinity_repeat_rates(in);
	algorithm->train(in, options, &kept->sink);
	subject->scorer.algorithm = algorithm;
	subject->scorer.options = options;
	subject->scorer.n_items = kept->n_items;
	subject->scorer.n_kinds = kept->n_kinds;
	subject->kinds = kept->kinds;
	affinity_score_kind_factors(&kept->kinds, (int) kept->n_kinds, NULL,
								subject->scorer.kind_factor);
	if (algorithm->has_factors)
		subject->scorer.factors = &kept->factors;
	subject->batch.popularity = kept->popularity;
	subject->batch.put_lists = put_lists;
	subject->batch.source = kept;
	subject->batch.list_entries = kept->n;

	read_histories(split, algorithm, options, kept->n_items,
				   rate, subject);
}

/* ---- a stored model ---------------------------------------------------- */

/*
 * A model as it serves: with all rows of its source as they are now.
 */
void
affinity_eval_stored(AffinityModel *model, AffinityEvalSubject *subject)
{
	AffinityModelBatch *stored = palloc(sizeof(AffinityModelBatch));
	AffinityModelAsked asked = {
		.repeat = affinity_repeat_usual(model->algorithm)
	};

	affinity_batch_begin(stored, model, &asked);
	memset(subject, 0, sizeof(AffinityEvalSubject));
	subject->batch = stored->batch;
	subject->scorer = stored->scorer;
	subject->item_id = stored->item_id;
	subject->n_sorted = model->n_sorted;
	subject->users = stored->users;
	affinity_batch_end(stored);
}
