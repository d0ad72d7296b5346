/*
 * ids.c
 *		From ids of items to their numbers, for all items at once.
 *
 * Numbers are in order of ids, so ids by number are searched by halves. They are
 * kept per version of a model, as the catalog is read more often than that
 * changes.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "rules/book.h"

/* So many models' ids are kept. */
#define MAX_KEPT	4

struct RuleIds
{
	Oid			relation;		/* of the table "model" */
	uint64		serial;			/* of the model */
	Oid			type;
	uint32		n;
	const uint32 *no;			/* numbers in order of ids */
	const Datum *id;			/* in that order */
	const int64 *value;			/* of integers, likewise */
	int			pins;
	uint64		used;			/* when it was last */
	MemoryContext context;
};

static RuleIds *kept[MAX_KEPT];
static uint64 clock_of_use;

static int
compare_numbers(const void *a, const void *b, void *arg)
{
	const RuleIds *ids = arg;

	return affinity_base_id_compare(ids->id[*(const uint32 *) a],
									ids->id[*(const uint32 *) b], ids->type);
}

/*
 * Ids in order, with their numbers: items that an incremental refresh appended
 * are not numbered in it.
 */
static void
put_in_order(RuleIds *ids, const AffinityModel *model)
{
	uint32	   *no = affinity_base_array(ids->n, sizeof(uint32));
	Datum	   *id;

	for (uint32 i = 0; i < ids->n; i++)
		no[i] = i;
	ids->no = no;
	if (model->n_sorted == ids->n)
		return;
	qsort_arg(no, ids->n, sizeof(uint32), compare_numbers, ids);
	id = affinity_base_array(ids->n, sizeof(Datum));
	for (uint32 i = 0; i < ids->n; i++)
		id[i] = ids->id[no[i]];
	ids->id = id;
}

static RuleIds *
read_ids(const AffinityModel *model)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "affinity ids of items",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	RuleIds    *ids = palloc0(sizeof(RuleIds));
	AffinityIdKind kind;

	ids->context = context;
	ids->relation = model->relation;
	ids->serial = model->serial;
	ids->type = model->item_type;
	ids->n = model->n_items;
	ids->id = affinity_model_read_ids(model);
	put_in_order(ids, model);
	if (affinity_base_id_kind(ids->type, &kind) && kind == AFFINITY_ID_INT)
	{
		int64	   *value = affinity_base_array(ids->n, sizeof(int64));

		for (uint32 i = 0; i < ids->n; i++)
			value[i] = affinity_base_id_to_int(ids->id[i], ids->type);
		ids->value = value;
	}
	MemoryContextSwitchTo(old);
	return ids;
}

/*
 * The ids of a model's items, until they are given back; if that does not come
 * to pass, they are read again.
 */
RuleIds *
affinity_rules_ids(const AffinityModel *model)
{
	int			place = 0;
	RuleIds    *ids;

	for (int i = 0; i < MAX_KEPT; i++)
	{
		/* policies may have come since: then reading says so */
		if (kept[i] != NULL && !model->items_guarded &&
			kept[i]->relation == model->relation &&
			kept[i]->serial == model->serial)
		{
			kept[i]->pins++;
			kept[i]->used = ++clock_of_use;
			return kept[i];
		}
	}
	ids = read_ids(model);
	for (int i = 0; i < MAX_KEPT; i++)
	{
		if (kept[i] == NULL || kept[i]->relation == model->relation)
		{
			place = i;
			break;
		}
		if (kept[i]->used < kept[place]->used)
			place = i;
	}
	ids->pins = 1;
	ids->used = ++clock_of_use;
	if (kept[place] != NULL && kept[place]->pins == 0)
		MemoryContextDelete(kept[place]->context);
	kept[place] = ids;
	MemoryContextSetParent(ids->context, TopMemoryContext);
	return ids;
}

void
affinity_rules_ids_done(RuleIds *ids)
{
	bool		is_kept = false;

	for (int i = 0; i < MAX_KEPT; i++)
		is_kept |= kept[i] == ids;
	if (--ids->pins == 0 && !is_kept)
		MemoryContextDelete(ids->context);
}

/*
 * The number of an id of a type that is alike; -1: the model does not know it.
 */
int64
affinity_rules_number(const RuleIds *ids, Datum id, Oid type)
{
	uint32		low = 0;
	uint32		high = ids->n;

	if (ids->value != NULL)
	{
		int64		value = affinity_base_id_to_int(id, type);

		while (low < high)
		{
			uint32		middle = low + (high - low) / 2;

			if (ids->value[middle] < value)
				low = middle + 1;
			else
				high = middle;
		}
		return low < ids->n && ids->value[low] == value ?
			(int64) ids->no[low] : -1;
	}
	id = affinity_base_id_plain(id, ids->type);
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		int			c = affinity_base_id_compare(ids->id[middle], id,
												 ids->type);

		if (c == 0)
			return ids->no[middle];
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

/*
 * An id as text has it; false where no id of that type is written so.
 */
bool
affinity_rules_id_from_text(const char *text, Oid type, Datum *id)
{
	AffinityIdKind kind;

	if (!affinity_base_id_kind(type, &kind))
		return false;
	switch (kind)
	{
		case AFFINITY_ID_INT:
			{
				char	   *end;
				long long	value;

				errno = 0;
				value = strtoll(text, &end, 10);
				if (end == text || *end != '\0' || errno != 0)
					return false;
				*id = affinity_base_id_from_int(value, type);
				return affinity_base_id_to_int(*id, type) == value;
			}
		case AFFINITY_ID_UUID:
			if (strlen(text) != 36 ||
				strspn(text, "0123456789abcdefABCDEF-") != 36)
				return false;
			for (int i = 0; i < 36; i++)
			{
				if ((text[i] == '-') != (i == 8 || i == 13 || i == 18 || i == 23))
					return false;
			}
			*id = DirectFunctionCall1(uuid_in, CStringGetDatum(text));
			return true;
		case AFFINITY_ID_TEXT:
			*id = CStringGetTextDatum(text);
			return true;
	}
	return false;
}
