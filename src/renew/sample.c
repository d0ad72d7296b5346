/*
 * sample.c
 *		How far the lists of a model are from those that a training would make.
 *
 * Of a few items, drawn by a hash of item and version, the exact lists are made
 * from the whole histories of their users and compared with what is stored:
 * the drift is the part of the first neighbors that the stored list lacks.
 * Every few refreshes others are drawn, and what is shown is the mean, older
 * samples counting less.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "renew/renew.h"

/* Every so many refreshes it is measured; what is between has the last. */
#define EVERY			5

/* Items that are drawn, users that these have at most, neighbors compared. */
#define SAMPLE_ITEMS	8
#define SAMPLE_USERS	200
#define SAMPLE_LENGTH	50

/* What the newest sample counts in the mean. */
#define NEWEST			0.25

typedef struct Sample
{
	Renewal    *renewal;
	uint32		n;				/* lists compared */
	double		lacking;		/* sum of the parts */
} Sample;

static uint64
mix(uint64 x)
{
	x += AFFINITY_SPLITMIX64_STEP;
	x = (x ^ (x >> 30)) * UINT64CONST(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64CONST(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

/*
 * Draw items, with few enough users; how many there are.
 */
static uint32
draw(const Renewal *r, uint32 *item)
{
	const AffinityUpdate *u = &r->update;
	uint64		seed = mix((uint64) r->model->version);
	double		left = SAMPLE_USERS;
	uint32		n = 0;

	/* hashes are as good as random, so that many tries find some */
	for (uint32 t = 0; t < 64 && n < SAMPLE_ITEMS && u->n_items > 0; t++)
	{
		uint32		no = (uint32) (mix(seed + t) % u->n_items);
		bool		drawn = false;

		for (uint32 i = 0; i < n; i++)
			drawn |= item[i] == no;
		if (drawn || !(u->popularity[no] >= 1 && u->popularity[no] <= left))
			continue;
		left -= u->popularity[no];
		item[n++] = no;
	}
	return n;
}

/*
 * The ids of some items.
 */
static void
find_ids(const Renewal *r, const uint32 *item, uint32 n, Datum *id)
{
	uint32		known[SAMPLE_ITEMS];
	uint32		n_known = 0;
	AffinityItems items;

	for (uint32 i = 0; i < n; i++)
	{
		if (item[i] < r->update.n_known)
			known[n_known++] = item[i];
	}
	affinity_model_items_by_no(r->model, known, n_known, &items);
	for (uint32 i = 0; i < n; i++)
		id[i] = item[i] < r->update.n_known ?
			affinity_model_item_id(&items, item[i]) :
			r->new_id[item[i] - r->update.n_known];
}

/*
 * All rows of all users of some items.
 */
static AffinityInteractions *
read_users(const Renewal *r, const uint32 *item, uint32 n)
{
	const AffinityModel *model = r->model;
	AffinityReadRequest request = {0};
	Datum	   *id = affinity_base_array(n, sizeof(Datum));
	Oid			type = get_array_type(model->item_type);
	Datum		ids;

	find_ids(r, item, n, id);
	ids = affinity_model_array(id, (int) n, model->item_type);
	request.query = psprintf("SELECT h.user_id, h.item_id, h.weight%s FROM %s AS h"
							 " WHERE h.user_id OPERATOR(pg_catalog.=) ANY"
							 " (SELECT b.user_id FROM %s AS b WHERE b.item_id OPERATOR(pg_catalog.=) ANY ($1))%s",
							 model->has_time ? ", h.at" : "", r->from, r->from,
							 affinity_renew_users_condition(r, "AND",
															"h.user_id"));
	request.n_args = 1;
	request.arg_types = &type;
	request.args = &ids;
	request.user_type = model->user_type;
	request.item_type = model->item_type;
	request.read_only = true;
	request.value = affinity_train_pair_value(model->algorithm,
											  model->options);
	request.max_bytes = (int64) affinity_base_memory_allowed();
	request.times_of = model->has_time ? r->from : NULL;
	if (model->algorithm->request)
		model->algorithm->request(model->options, &request);
	return affinity_interaction_read(&request);
}

static int
compare_numbers(const void *a, const void *b)
{
	int32		x = *(const int32 *) a;
	int32		y = *(const int32 *) b;

	return x < y ? -1 : x > y;
}

/*
 * Compare an exact list with what is stored.
 */
static void
compare(void *state, const AffinityItemRow *exact)
{
	Sample	   *sample = state;
	AffinityUpdate *u = &sample->renewal->update;
	uint32		n = Min(exact->n_neighbors, SAMPLE_LENGTH);
	int32		first[SAMPLE_LENGTH];
	uint32		n_first = 0;
	uint32		common = 0;
	AffinityItemRow stored;

	if (n == 0)
		return;
	if (affinity_renew_items_stored(u, exact->item, &stored))
		n_first = Min(stored.n_neighbors, n);
	memcpy(first, stored.neighbor, n_first * sizeof(int32));
	qsort(first, n_first, sizeof(int32), compare_numbers);
	for (uint32 i = 0; i < n; i++)
		common += bsearch(&exact->neighbor[i], first, n_first, sizeof(int32),
						  compare_numbers) != NULL;
	sample->n++;
	sample->lacking += 1 - (double) common / n;
}

static double
with_newest(double before, double newest)
{
	return isnan(before) ? newest : before + NEWEST * (newest - before);
}

/*
 * Is it time to measure it?
 */
bool
affinity_renew_measures(const Renewal *r)
{
	return r->past.n % EVERY == 0;
}

/*
 * The drift of the model as it is now, NaN where nothing is known of it.
 */
double
affinity_renew_drift(Renewal *r)
{
	AffinityUpdate *u = &r->update;
	const AffinityAlgorithm *algorithm = r->model->algorithm;
	double		before = affinity_model_figure(r->training,
											   AFFINITY_FIGURE_DRIFT);
	Sample		sample = {.renewal = r};
	uint32		item[SAMPLE_ITEMS];
	uint32		row[SAMPLE_ITEMS];
	uint32		n = algorithm->exact ? draw(r, item) : 0;
	uint32		n_rows = 0;
	AffinityInteractions *in = u->now;
	uint32	   *no = unconstify(uint32 *, u->now_no);

	if (!isnan(u->drift))
		return with_newest(before, u->drift);
	if (n == 0 || !u->measure)
		return before;
	if (u->before)
	{
		in = read_users(r, item, n);
		if (in->n_items == 0)
			return before;
		no = affinity_renew_numbers(r, in);
	}
	for (uint32 i = 0; i < in->n_items; i++)
	{
		for (uint32 j = 0; j < n; j++)
		{
			if (no[i] == item[j])
				row[n_rows++] = i;
		}
	}
	algorithm->exact(u, r->model->options, in, no, row, n_rows, compare,
					 &sample);
	if (sample.n == 0)
		return before;
	return with_newest(before, sample.lacking / sample.n);
}
