/*
 * ease_update.c
 *		Columns of sparse ease that are brought up to date without a training.
 *
 * A column is solved over its candidates alone, so those of items whose users
 * changed can be solved again while the others stay: each is the column of a
 * training on the same interactions. How many are solved is bounded; those
 * come first whose users changed by most, measured by the root of how many they
 * were, as what a weight lacks in certainty falls with that. The others wait,
 * and lose nothing by it.
 *
 * What is stored are rows: see ease_update_rows.c.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "kernel/topk.h"
#include "linear/ease_update.h"

/* Columns that are solved: one in so many, or all of a few. */
#define ONE_COLUMN_IN	14
#define ONE_REVISED_IN	40		/* where new rows revise the others */
#define FEW_COLUMNS		500

/*
 * Where all items are learned at once, or times change what every row counts,
 * only a training does.
 */
AffinityUpdateWay
affinity_linear_ease_update_way(const void *options)
{
	const EaseOptions *o = options;

	return o->method == EASE_DENSE || o->times.half_life > 0 ||
		o->times.trend > 0 || (o->rank > o->skip && o->rank_weight > 0) ?
		AFFINITY_UPDATE_NOT : AFFINITY_UPDATE_WHOLE;
}

/*
 * What the training settled on.
 */
static void
settle(EaseUpdate *s)
{
	AffinityUpdate *u = s->update;
	EaseOptions *o = &s->options;

	o->method = EASE_SPARSE;
	o->regularization = u->figure(u, "regularization");
	o->user_exponent = u->figure(u, "user_exponent");
	o->regularization_exponent = u->figure(u, "regularization_exponent");
	if (!(o->regularization >= 0 && o->user_exponent >= 0 &&
		  o->regularization_exponent >= 0))
		affinity_train_damaged(NULL, "the model lacks the figures of its training");
	o->neighbors = Min(o->neighbors, (int32) u->n_items);
	o->candidates = Min(o->candidates, (int32) s->n);
}

/* ---- which columns ------------------------------------------------------ */

static void
add_column(EaseUpdate *s, uint32 i)
{
	s->column[i] = s->n_columns;
	s->of_column[s->n_columns++] = i;
}

/*
 * Those of items that are due, as many as may be; the others are due the next
 * time.
 */
static void
choose_columns(EaseUpdate *s)
{
	AffinityUpdate *u = s->update;
	uint32		one_in = affinity_linear_ease_can_revise(u, &s->options) ?
		ONE_REVISED_IN : ONE_COLUMN_IN;
	uint32		most = Max(FEW_COLUMNS, s->n / one_in) +
		(u->n_items - u->n_known);
	AffinityTopK top;

	affinity_kernel_topk_init(&top, s->key, Min(most, s->n),
							  (Size) s->n + 1);
	for (uint32 i = 0; i < s->n; i++)
	{
		EaseItem   *item = &s->item[i];
		double		users = u->popularity[item->no];
		double		change = fabs(users - u->stored_users[item->no]);

		affinity_base_look_up(i);
		if (item->no >= u->n_known)
		{
			affinity_kernel_topk_push(&top,
									  affinity_kernel_rank_key(FLT_MAX, i));
			continue;
		}
		if (u->due[item->no])
			affinity_kernel_topk_push(&top, affinity_kernel_rank_key((float) (change / sqrt(Max(users, 1))),
																	 i));
		u->due[item->no] = false;
	}
	affinity_kernel_topk_finish(&top, s->scratch);
	for (size_t k = 0; k < top.n; k++)
	{
		uint32		i = affinity_kernel_rank_key_no(top.key[k]);

		s->item[i].is_solved = true;
		s->is_stale[s->item[i].no] = true;
		add_column(s, i);
	}
	s->n_solved = s->n_columns;
}

/*
 * And some to measure the drift by.
 */
static void
draw_columns(EaseUpdate *s)
{
	uint64		x = (uint64) s->update->n_refreshes + 1;

	for (int i = 0; s->update->measure && i < DRAWN; i++)
	{
		uint32		drawn;

		x = x * UINT64CONST(6364136223846793005) +
			UINT64CONST(1442695040888963407);
		drawn = (uint32) ((x >> 33) % s->n);
		if (s->column[drawn] == EASE_NOT_DUE)
			add_column(s, drawn);
		s->drawn[s->n_drawn++] = s->column[drawn];
	}
}

/* ---- the drift ---------------------------------------------------------- */

/*
 * The weight that the model has in a row for a column.
 */
static double
stored_weight(AffinityUpdate *u, uint32 row, uint32 column)
{
	AffinityItemRow stored;

	if (!u->stored(u, row, &stored))
		return 0;
	for (uint32 a = 0; a < stored.n_neighbors; a++)
	{
		if ((uint32) stored.neighbor[a] == column)
			return stored.score[a];
	}
	return 0;
}

/*
 * The part by which the weights of the model differ in the columns that were
 * drawn; of those that were solved it lacks what is in rows that were not
 * written.
 */
static void
measure(EaseUpdate *s)
{
	AffinityUpdate *u = s->update;
	double		size = 0;
	double		far = 0;

	for (uint32 d = 0; d < s->n_drawn; d++)
	{
		uint32		c = s->drawn[d];
		const EaseSolved *solved = &s->solved[c];

		for (uint32 a = 0; a < solved->n; a++)
		{
			double		weight = solved->weight[a];

			CHECK_FOR_INTERRUPTS();
			far += fabs(weight - stored_weight(u, s->item[solved->item[a]].no,
											   s->item[s->of_column[c]].no));
			size += fabs(weight);
		}
	}
	if (size > 0)
		u->drift = Min(far / size, 1);
}

/* ---- columns that stay --------------------------------------------------- */

static EaseRevision *
revise(EaseUpdate *s)
{
	AffinityUpdate *u = s->update;

	affinity_linear_weigh(&u->changed->by_user, s->options.weights);
	affinity_linear_weigh(&u->changed_before->by_user, s->options.weights);
	return affinity_linear_ease_revise(u, &s->options);
}

/* ---- the whole ---------------------------------------------------------- */

static void
begin(EaseUpdate *s)
{
	const AffinityUpdate *u = s->update;

	s->n = u->now->n_items;
	s->item = affinity_base_zeroed_array(s->n, sizeof(EaseItem));
	s->column = affinity_base_array(s->n, sizeof(uint32));
	memset(s->column, 0xFF, s->n * sizeof(uint32));
	s->of_column = affinity_base_array((Size) s->n + DRAWN, sizeof(uint32));
	s->is_stale = affinity_base_zeroed_array(u->n_items, sizeof(bool));
	s->key = affinity_base_array((Size) s->n + 1, sizeof(uint64));
	s->scratch = affinity_base_array((Size) s->n + 1, sizeof(uint64));
	for (uint32 i = 0; i < s->n; i++)
		s->item[i].no = u->now_no[i];
}

/*
 * Bring a model up to date.
 */
void
affinity_linear_ease_update(AffinityUpdate *u, const void *options)
{
	EaseUpdate	s = {.update = u, .options = *(const EaseOptions *) options};
	EaseTask	task = {0};
	EaseLeader	leader = {0};

	begin(&s);
	settle(&s);
	choose_columns(&s);
	draw_columns(&s);
	if (s.n_columns == 0)
		return;
	s.solved = leader.solved = affinity_base_zeroed_array(s.n_columns,
														  sizeof(EaseSolved));
	task.options = s.options;
	task.n_users = u->now->by_user.n_rows;
	task.n_items = s.n;
	task.n_columns = s.n_columns;
	(void) affinity_train_blas();
	affinity_linear_weigh(&u->now->by_user, s.options.weights);
	affinity_linear_weigh(&u->now->by_item, s.options.weights);
	/* learning gives the matrix away */
	if (affinity_linear_ease_can_revise(u, &s.options))
		s.revision = revise(&s);
	affinity_linear_ease_learn(u->now, &task, NULL, s.column, &leader);
	affinity_linear_ease_update_rows(&s);
	measure(&s);
}
