/*
 * item_knn_rows.c
 *		What the leader says of the lists: popularity, and scores that have
 *		left the range of real.
 */
#include "postgres.h"

#include <float.h>

#include "neighbor/item_knn.h"

/*
 * An item is as popular as users like it more than others do the opposite.
 */
float
affinity_neighbor_knn_popularity(const KnnState *s, uint32 item)
{
	const AffinityCsr *m = &s->by_item;
	double		sum = 0;

	if (!s->is_signed)
		return (float) (m->start[item + 1] - m->start[item]);
	for (int64 e = m->start[item]; e < m->start[item + 1]; e++)
		sum += (m->val[e] > 0) - (m->val[e] < 0);
	return (float) sum;
}

/*
 * Count lists with scores that a real cannot tell apart from others.
 */
void
affinity_neighbor_knn_count_extremes(KnnShared *shared, const AffinityItemRow *row)
{
	if (row->n_neighbors == 0)
		return;
	if (row->score[0] == FLT_MAX && shared->n_most++ == 0)
		shared->most = row->item;
	if (row->score[row->n_neighbors - 1] == AFFINITY_LEAST &&
		shared->n_least++ == 0)
		shared->least = row->item;
}

static void
warn(const AffinityDict *items, uint32 n, uint32 item, const char *beyond,
	 const char *hint)
{
	Datum		id;

	if (n == 0)
		return;
	id = affinity_interaction_dict_id(items, item);
	ereport(WARNING,
			(errmsg_plural("%u item has similar items whose scores are %s: item %s",
						   "%u items have similar items whose scores are %s, such as item %s",
						   n, n, beyond,
						   affinity_base_id_display(id, affinity_interaction_dict_type(items))),
			 errdetail("Among these the order is that of their ids."),
			 errhint("%s", hint)));
}

/*
 * What of the scores a real cannot tell apart.
 */
void
affinity_neighbor_knn_warn_of_extremes(const KnnShared *shared, const AffinityDict *items)
{
	warn(items, shared->n_most, shared->most, "beyond the range of real",
		 "Scale the weights down in the query, or use \"weights\": \"log\".");
	warn(items, shared->n_least, shared->least, "too near to 0 for real",
		 "Use smaller exponents, or weights that differ less, such as \"weights\": \"log\".");
}
