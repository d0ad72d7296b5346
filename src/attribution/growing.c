/*
 * growing.c
 *		A state under an aggregate: an expanded object.
 *
 * Rows wait as they came until there are four million of them, which are
 * then packed: so there are never more than 256 MB of them, and they are put
 * in order while they are few enough for it to be quick. States that are
 * merged come beside as they are, small ones as rows. At the end all are
 * read side by side.
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "attribution/attribution.h"

#define ROWS_AT_FIRST 8
#define ROWS_WAITING (UINT32_C(1) << 22)

/* Packed states from so many bytes on are kept as they are. */
#define RUN_LEAST ((Size) 1 << 18)

typedef struct NameEntry
{
	ChannelName name;
	uint32		hash;
	uint32		number;
	char		status;
} NameEntry;

static inline uint32
hash_of_name(ChannelName name)
{
	return hash_bytes((const unsigned char *) name.bytes, (int) name.len);
}

static inline bool
same_name(ChannelName a, ChannelName b)
{
	return a.len == b.len && memcmp(a.bytes, b.bytes, a.len) == 0;
}

#define SH_PREFIX channel_names
#define SH_ELEMENT_TYPE NameEntry
#define SH_KEY_TYPE ChannelName
#define SH_KEY name
#define SH_HASH_KEY(table, key) hash_of_name(key)
#define SH_EQUAL(table, a, b) same_name(a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct Growing
{
	ExpandedObjectHeader hdr;
	Attribution like;			/* kinds and lookback of the call */
	channel_names_hash *names;
	ChannelName *name;			/* in the order in which they came */
	uint32		n_names;
	uint32		name_room;
	LooseRow   *row;
	uint32		n;
	uint32		room;
	double	   *value;
	uint32		n_values;
	uint32		value_room;
	Attribution **run;			/* packed */
	int			n_runs;
	int			run_room;
	Attribution *flat;			/* all of it, until something comes */
};

static Attribution *all_of(const Growing *growing);

static Size
flat_size(ExpandedObjectHeader *header)
{
	Growing    *growing = (Growing *) header;

	if (growing->flat == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(growing->hdr.eoh_context);

		growing->flat = all_of(growing);
		MemoryContextSwitchTo(old);
	}
	return VARSIZE(growing->flat);
}

static void
flatten(ExpandedObjectHeader *header, void *result, Size size)
{
	memcpy(result, ((Growing *) header)->flat, size);
}

static const ExpandedObjectMethods growing_methods = {flat_size, flatten};

/* A state without rows yet, in a context of its own below the parent. */
Growing *
affinity_attribution_create(MemoryContext parent, const Attribution *like)
{
	MemoryContext context = AllocSetContextCreate(parent,
												  "affinity attribution",
												  ALLOCSET_SMALL_SIZES);
	Growing    *growing = MemoryContextAllocZero(context, sizeof(Growing));

	EOH_init_header(&growing->hdr, &growing_methods, context);
	growing->like.time_kind = like->time_kind;
	growing->like.user_kind = like->user_kind;
	growing->like.lookback = like->lookback;
	return growing;
}

const Attribution *
affinity_attribution_growing_like(const Growing *growing)
{
	return &growing->like;
}

Datum
affinity_attribution_growing_datum(Growing *growing)
{
	return EOHPGetRWDatum(&growing->hdr);
}

/* The number of a channel, from 1; 0 is the name of those without. */
uint32
affinity_attribution_channel(Growing *growing, ChannelName name)
{
	MemoryContext context = growing->hdr.eoh_context;
	NameEntry  *entry;
	char	   *kept;
	bool		found;

	if (growing->names == NULL)
		growing->names = channel_names_create(context, 8, NULL);
	entry = channel_names_insert(growing->names, name, &found);
	if (found)
		return entry->number;
	/* what else fails must not leave a name that is not ours */
	entry->number = 0;
	entry->name.bytes = "";
	entry->name.len = 0;
	if (name.len == strlen(ATTRIBUTION_NONE) &&
		memcmp(name.bytes, ATTRIBUTION_NONE, name.len) == 0)
	{
		entry->name.bytes = ATTRIBUTION_NONE;
		entry->name.len = name.len;
		return 0;
	}
	if (growing->n_names == TOUCH_CHANNEL_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %u channels", TOUCH_CHANNEL_MAX),
				 errhint("Aggregate the name of the channel, not that of the page or the ad.")));
	kept = MemoryContextAlloc(context, Max(name.len, 1));
	memcpy(kept, name.bytes, name.len);
	entry->name.bytes = kept;
	entry->name.len = name.len;
	if (growing->n_names == growing->name_room)
	{
		growing->name_room = Max(8, 2 * growing->name_room);
		growing->name = growing->name == NULL ?
			MemoryContextAlloc(context,
							   growing->name_room * sizeof(ChannelName)) :
			repalloc(growing->name, growing->name_room * sizeof(ChannelName));
	}
	growing->name[growing->n_names++] = entry->name;
	return entry->number = growing->n_names;
}

static void
add_run(Growing *growing, Attribution *run)
{
	if (growing->n_runs == growing->run_room)
	{
		growing->run_room = Max(4, 2 * growing->run_room);
		growing->run = growing->run == NULL ?
			MemoryContextAlloc(growing->hdr.eoh_context,
							   growing->run_room * sizeof(Attribution *)) :
			repalloc(growing->run, growing->run_room * sizeof(Attribution *));
	}
	growing->run[growing->n_runs++] = run;
}

/* What waits, packed, in the current context. */
static Attribution *
pack_waiting(const Growing *growing)
{
	return affinity_attribution_pack(&growing->like, growing->name,
									 growing->n_names, growing->row,
									 growing->n, growing->value);
}

/* Room for one more row: what waits becomes a run, or room doubles. */
static void
make_room(Growing *growing)
{
	MemoryContext old = MemoryContextSwitchTo(growing->hdr.eoh_context);

	if (growing->n == ROWS_WAITING)
	{
		Attribution *run = pack_waiting(growing);

		/* the writer has some room to spare */
		add_run(growing, repalloc_huge(run, VARSIZE(run)));
		growing->n = 0;
		growing->n_values = 0;
	}
	else if (growing->room == 0)
	{
		growing->row = palloc(ROWS_AT_FIRST * sizeof(LooseRow));
		growing->room = ROWS_AT_FIRST;
	}
	else
	{
		growing->row = repalloc_huge(growing->row, (Size) growing->room * 2 *
									 sizeof(LooseRow));
		growing->room *= 2;
	}
	MemoryContextSwitchTo(old);
}

static uint32
add_value(Growing *growing, double value)
{
	if (growing->n_values == growing->value_room)
	{
		uint32		room = Max(4, 2 * growing->value_room);

		growing->value = growing->value == NULL ?
			MemoryContextAlloc(growing->hdr.eoh_context,
							   room * sizeof(double)) :
			repalloc_huge(growing->value, (Size) room * sizeof(double));
		growing->value_room = room;
	}
	growing->value[growing->n_values] = value;
	return growing->n_values++;
}

/* One more row. */
void
affinity_attribution_add(Growing *growing, EventUserId mixed,
						 const Touch *touch)
{
	LooseRow   *row;

	if (growing->flat != NULL)
	{
		pfree(growing->flat);
		growing->flat = NULL;
	}
	if (growing->n == growing->room || growing->n == ROWS_WAITING)
		make_room(growing);
	row = &growing->row[growing->n];
	row->mixed = mixed;
	row->at = touch->at;
	row->what = touch->what;
	row->value = (touch->what & TOUCH_VALUE) != 0 ?
		add_value(growing, touch->value) : 0;
	growing->n++;
}

static void
add_all(Growing *growing, const Attribution *state)
{
	ChannelName *name = affinity_attribution_names(state);
	uint32	   *number = affinity_base_zeroed_array((Size) state->n_channels + 1,
													sizeof(uint32));
	TouchReader reader;

	for (uint32 i = 1; i <= state->n_channels; i++)
		number[i] = affinity_attribution_channel(growing, name[i]);
	affinity_attribution_read(&reader, state);
	while (affinity_attribution_next(&reader))
		for (uint32 i = 0; i < reader.n; i++)
		{
			Touch		touch = reader.touch[i];

			touch.what = TOUCH_WHAT(number[TOUCH_CHANNEL(touch.what)],
									touch.what & (TOUCH_CONVERTED |
												  TOUCH_VALUE));
			affinity_attribution_add(growing, reader.mixed, &touch);
		}
	if (reader.touch != NULL)
		pfree(reader.touch);
	pfree(number);
	pfree(name);
}

void
affinity_attribution_check_alike(const Attribution *a, const Attribution *b)
{
	const char *what = a->user_kind != b->user_kind ? "types of users" :
		a->time_kind != b->time_kind ? "types of times" :
		a->lookback != b->lookback ? "lookbacks" : NULL;

	if (what == NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("attribution states of different %s cannot be merged",
					what),
			 a->lookback != b->lookback ?
			 errhint("Aggregate without a lookback, and give it to the report.") :
			 errhint("Cast them to the same type when aggregating.")));
}

/* The rows of another state too. */
void
affinity_attribution_absorb(Growing *growing, Datum other)
{
	Attribution *state = affinity_attribution_finish(other);
	Attribution *run;

	affinity_attribution_check_alike(&growing->like, state);
	if (VARSIZE(state) < RUN_LEAST)
	{
		add_all(growing, state);
		return;
	}
	if (growing->flat != NULL)
	{
		pfree(growing->flat);
		growing->flat = NULL;
	}
	run = MemoryContextAllocHuge(growing->hdr.eoh_context, VARSIZE(state));
	memcpy(run, state, VARSIZE(state));
	add_run(growing, run);
}

/* A transition value, to be changed: what is ours, or it grown again. */
Growing *
affinity_attribution_growing(Datum value, MemoryContext parent)
{
	ExpandedObjectHeader *header = affinity_base_expanded(value);
	Growing    *growing;

	if (header != NULL && header->eoh_methods == &growing_methods &&
		VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(value)))
		return (Growing *) header;
	growing = affinity_attribution_create(parent,
										  affinity_attribution_finish(value));
	affinity_attribution_absorb(growing, value);
	return growing;
}

/* The packed state of everything, in the current context. */
static Attribution *
all_of(const Growing *growing)
{
	int			n = growing->n_runs;
	Attribution **part = palloc((n + 1) * sizeof(Attribution *));
	Attribution *waiting = NULL;
	Attribution *all;

	if (n > 0)
		memcpy(part, growing->run, n * sizeof(Attribution *));
	if (growing->n > 0 || n == 0)
		part[n++] = waiting = pack_waiting(growing);
	all = affinity_attribution_merge(part, n);
	if (waiting != NULL && waiting != all)
		pfree(waiting);
	if (n == 1 && waiting == NULL)
	{
		Attribution *copy = palloc(VARSIZE(all));

		memcpy(copy, all, VARSIZE(all));
		all = copy;
	}
	pfree(part);
	return all;
}

/* A state at rest, from whatever form it has. */
Attribution *
affinity_attribution_finish(Datum value)
{
	ExpandedObjectHeader *header = affinity_base_expanded(value);

	if (header != NULL && header->eoh_methods == &growing_methods)
		return ((Growing *) header)->flat != NULL ?
			((Growing *) header)->flat : all_of((Growing *) header);
	return affinity_attribution_of(value);
}
