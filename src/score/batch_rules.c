/*
 * batch_rules.c
 *		Rules in the regions of a team.
 *
 * What rules point to is copied; factors are computed once, and for lists by
 * factors the panels have columns for the allowed items alone, so that rules
 * which leave few of them save their part of the work.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "score/batch.h"

static uint32
count_allowed(const AffinityRules *rules, uint32 n_items)
{
	uint32		n = 0;

	for (uint32 i = 0; i < n_items; i++)
		n += affinity_score_is_allowed(rules, i);
	return n;
}

/*
 * Columns of the panels: items that are in any list.
 */
static uint32
count_columns(const AffinityBatch *batch)
{
	uint32		n_items = batch->scorer->n_items;

	return batch->rules && batch->rules->allowed ?
		count_allowed(batch->rules, n_items) : n_items;
}

/*
 * Sizes of regions.
 */
void
affinity_score_batch_rules_sizes(const AffinityBatch *batch, Size *size)
{
	const AffinityRules *rules = batch->rules;
	Size		n = batch->scorer->n_items;
	bool		panels = size[BATCH_PANELS] > 0;
	Size		columns;

	if (rules == NULL)
		return;
	if (rules->allowed)
		size[BATCH_ALLOWED] = n / 8 + 1;
	if (affinity_score_changes(rules))
		size[BATCH_FACTOR] = n * sizeof(double);
	if (rules->group)
		size[BATCH_GROUP] = n * sizeof(int32);
	size[BATCH_PINNED] = rules->n_pinned * sizeof(uint32);
	if (rules->n_pinned > 0)
		size[BATCH_ITEM_POPULARITY] = n * sizeof(float);
	if (rules->exploration > 0)
		size[BATCH_USER_HASH] = batch->histories->by_user.n_rows *
			sizeof(uint64);
	if (!panels)
		return;
	columns = TYPEALIGN(AFFINITY_PANEL, (Size) count_columns(batch));
	size[BATCH_PANELS] = columns * batch->scorer->factors->width *
		sizeof(float);
	if (rules->allowed)
	{
		size[BATCH_COLUMN_ITEM] = columns * sizeof(uint32);
		size[BATCH_COLUMN] = n * sizeof(uint32);
	}
	if (affinity_score_changes(rules))
		size[BATCH_UP] = size[BATCH_DOWN] = columns * sizeof(float);
}

/*
 * Which items have columns, and in what order: that of their numbers.
 */
static void
put_columns(const AffinityBatch *batch, AffinityTeam *team,
			BatchShared *shared)
{
	const AffinityRules *rules = batch->rules;
	uint32	   *item = affinity_parallel_region(team, BATCH_COLUMN_ITEM);
	uint32	   *column = affinity_parallel_region(team, BATCH_COLUMN);
	uint32		n = 0;

	for (uint32 i = 0; i < shared->n_items; i++)
	{
		column[i] = n;
		if (affinity_score_is_allowed(rules, i))
			item[n++] = i;
	}
	shared->n_columns = n;
	shared->some_columns = true;
}

/*
 * What scores of columns are multiplied by.
 */
static void
put_scales(AffinityTeam *team, BatchShared *shared)
{
	const double *factor = affinity_parallel_region(team, BATCH_FACTOR);
	const uint32 *item = affinity_parallel_region(team, BATCH_COLUMN_ITEM);
	float	   *up = affinity_parallel_region(team, BATCH_UP);
	float	   *down = affinity_parallel_region(team, BATCH_DOWN);
	uint32		room = TYPEALIGN(AFFINITY_PANEL, shared->n_columns);

	for (uint32 c = 0; c < room; c++)
	{
		double		here = c >= shared->n_columns ? 1 :
			factor[shared->some_columns ? item[c] : c];

		/* beyond the range of a real, scale says that it cannot be used */
		up[c] = (float) Min(here, FLT_MAX);
		down[c] = (float) Min(1 / here, FLT_MAX);
		shared->scale = Max(shared->scale, Max(here, 1 / here));
	}
}

void
affinity_score_batch_put_rules(const AffinityBatch *batch, AffinityTeam *team,
							   BatchShared *shared)
{
	const AffinityRules *rules = batch->rules;
	uint32		n = shared->n_items;

	shared->n_columns = n;
	shared->scale = 1;
	if (rules == NULL)
		return;
	shared->has_rules = true;
	shared->rules = *rules;
	shared->has_factor = affinity_score_changes(rules);
	if (rules->allowed)
		memcpy(affinity_parallel_region(team, BATCH_ALLOWED), rules->allowed,
			   (Size) n / 8 + (n % 8 != 0));
	if (shared->has_factor)
	{
		double	   *factor = affinity_parallel_region(team, BATCH_FACTOR);

		for (uint32 i = 0; i < n; i++)
		{
			affinity_base_look_up(i);
			factor[i] = affinity_score_factor(rules, i);
			shared->most_factor = Max(shared->most_factor, factor[i]);
		}
	}
	if (rules->group)
		memcpy(affinity_parallel_region(team, BATCH_GROUP), rules->group,
			   (Size) n * sizeof(int32));
	if (rules->n_pinned > 0)
	{
		memcpy(affinity_parallel_region(team, BATCH_PINNED), rules->pinned,
			   rules->n_pinned * sizeof(uint32));
		memcpy(affinity_parallel_region(team, BATCH_ITEM_POPULARITY),
			   batch->popularity, (Size) n * sizeof(float));
	}
	if (rules->exploration > 0)
		memcpy(affinity_parallel_region(team, BATCH_USER_HASH),
			   batch->user_hash,
			   batch->histories->by_user.n_rows * sizeof(uint64));
	if (shared->task != BATCH_RANK_BY_FACTORS)
		return;
	if (rules->allowed)
		put_columns(batch, team, shared);
	if (shared->has_factor)
		put_scales(team, shared);
}

/*
 * A participant's rules.
 */
void
affinity_score_batch_find_rules(BatchParticipant *m, AffinityTeam *team)
{
	const BatchShared *shared = m->shared;
	AffinityRules *rules = &m->rules;

	if (!shared->has_rules)
		return;
	*rules = shared->rules;
	if (rules->allowed)
		rules->allowed = affinity_parallel_region(team, BATCH_ALLOWED);
	if (rules->group)
		rules->group = affinity_parallel_region(team, BATCH_GROUP);
	rules->pinned = affinity_parallel_region(team, BATCH_PINNED);
	rules->popularity = affinity_parallel_region(team, BATCH_ITEM_POPULARITY);
	rules->pinned_popularity = NULL;
	rules->factor = NULL;
	if (shared->has_factor)
	{
		m->ranker->factor = affinity_parallel_region(team, BATCH_FACTOR);
		m->ranker->most_factor = shared->most_factor;
	}
	if (rules->exploration > 0)
		m->user_hash = affinity_parallel_region(team, BATCH_USER_HASH);
	if (shared->some_columns)
	{
		m->column_item = affinity_parallel_region(team, BATCH_COLUMN_ITEM);
		m->column = affinity_parallel_region(team, BATCH_COLUMN);
	}
	if (shared->has_factor)
	{
		m->up = affinity_parallel_region(team, BATCH_UP);
		m->down = affinity_parallel_region(team, BATCH_DOWN);
	}
}
