/*
 * item_knn_then.c
 *		How many users items had when the rows that are brought up to date were
 *		written, and by what scores of that time are to be multiplied.
 */
#include "postgres.h"

#include "neighbor/item_knn_update.h"

/*
 * What the score of a neighbor, in a list of that time, is to be multiplied by.
 */
static inline void
set_ratio(KnnUpdate *k, uint32 neighbor)
{
	float		now = k->update->popularity[neighbor];
	float		then = (float) k->then[neighbor];

	k->ratio[neighbor] = then == now ? 1 :
		(float) (k->right_now[neighbor] / affinity_neighbor_knn_power(&k->right, then));
}

/*
 * Take what a refresh changed off, or add it.
 */
static void
change_users(KnnUpdate *k, int refresh, double sign)
{
	const int32 *item;
	const int32 *users;
	uint32		n = k->update->changes(k->update, refresh, &item, &users);

	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		k->then[item[i]] += sign * users[i];
	}
}

/*
 * Go to the time when a row was written, from the last row's: rows come in the
 * order of refreshes, so what these changed is gone through once.
 */
void
affinity_neighbor_knn_then_go(KnnUpdate *k, uint32 row)
{
	AffinityUpdate *u = k->update;
	int			to = u->written[row];

	for (int refresh = k->refresh + 1; refresh <= to; refresh++)
		change_users(k, refresh, 1);
	for (int refresh = k->refresh + 1; k->product && refresh <= to; refresh++)
	{
		const int32 *item;
		const int32 *users;
		uint32		n = u->changes(u, refresh, &item, &users);

		for (uint32 i = 0; i < n; i++)
			set_ratio(k, (uint32) item[i]);
	}
	k->refresh = Max(k->refresh, to);
}

/*
 * Begin with the training.
 */
void
affinity_neighbor_knn_then_begin(KnnUpdate *k)
{
	AffinityUpdate *u = k->update;

	k->then = affinity_base_array(u->n_items, sizeof(double));
	k->ratio = affinity_base_array(u->n_items, sizeof(float));
	for (uint32 i = 0; i < u->n_items; i++)
		k->then[i] = i < u->n_known ? u->known[i] : u->popularity[i];
	for (int refresh = u->n_refreshes; refresh > 0; refresh--)
		change_users(k, refresh, -1);
	for (uint32 i = 0; k->product && i < u->n_items; i++)
	{
		affinity_base_look_up(i);
		set_ratio(k, i);
	}
}
