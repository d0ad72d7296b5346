/*
 * paths.c
 *		paths: which ways users took, and how many of them led to a
 *		conversion.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "attribution/attribution.h"

PG_FUNCTION_INFO_V1(affinity_attribution_paths);

/* (state, lookback, reuse, collapse) */
#define LOOKBACK_ARG 1
#define REUSE_ARG 2
#define COLLAPSE_ARG 3

#define COLUMNS 6

/* A sequence of channels. */
typedef struct Way
{
	const uint32 *channel;
	uint32		n;
} Way;

typedef struct WayEntry
{
	Way			way;
	uint32		hash;
	uint32		number;
	char		status;
} WayEntry;

static inline uint32
hash_of_way(Way way)
{
	return (uint32) hash_bytes_extended((const unsigned char *) way.channel,
										(int) (way.n * sizeof(uint32)), 0);
}

static inline bool
same_way(Way a, Way b)
{
	return a.n == b.n &&
		memcmp(a.channel, b.channel, a.n * sizeof(uint32)) == 0;
}

#define SH_PREFIX ways
#define SH_ELEMENT_TYPE WayEntry
#define SH_KEY_TYPE Way
#define SH_KEY way
#define SH_HASH_KEY(table, key) hash_of_way(key)
#define SH_EQUAL(table, a, b) same_way(a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* What is known of a way. */
typedef struct WayCount
{
	Way			way;
	uint64		last_user;		/* plus 1 */
	int64		users;
	int64		conversions;
	int64		nulls;
	int128		value;
	Size		times;			/* where the times of its conversions begin */
} WayCount;

typedef struct WayTime
{
	uint32		way;
	uint64		time;
} WayTime;

static inline int
compare_times(const WayTime *a, const WayTime *b)
{
	if (a->way != b->way)
		return a->way < b->way ? -1 : 1;
	return a->time < b->time ? -1 : a->time > b->time;
}

#define ST_SORT sort_times
#define ST_ELEMENT_TYPE WayTime
#define ST_COMPARE(a, b) compare_times(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* Most conversions first, then most users; channels are in order of names. */
static inline int
compare_ways(const WayCount *a, const WayCount *b)
{
	if (a->conversions != b->conversions)
		return a->conversions > b->conversions ? -1 : 1;
	if (a->users != b->users)
		return a->users > b->users ? -1 : 1;
	for (uint32 i = 0; i < a->way.n && i < b->way.n; i++)
		if (a->way.channel[i] != b->way.channel[i])
			return a->way.channel[i] < b->way.channel[i] ? -1 : 1;
	return a->way.n < b->way.n ? -1 : a->way.n > b->way.n;
}

#define ST_SORT sort_ways
#define ST_ELEMENT_TYPE WayCount
#define ST_COMPARE(a, b) compare_ways(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

typedef struct Ways
{
	bool		collapse;
	Credit	   *credit;
	ways_hash  *table;
	WayCount   *count;
	uint32		n;
	Size		room;
	WayTime    *time;
	Size		n_times;
	Size		time_room;
	uint32	   *channel;		/* of the journey that is looked at */
	Size		channel_room;
} Ways;

/* An array with room for one more; `room` grows with it. */
static void *
with_room(void *array, Size n, Size *room, Size width)
{
	if (n < *room)
		return array;
	*room = n + n / 2 + 64;
	return array == NULL ? affinity_base_array(*room, width) :
		repalloc_huge(array, mul_size(*room, width));
}

static Way
way_of(Ways *ways, const Journey *journey)
{
	Way			way = {NULL, 0};

	ways->channel = with_room(ways->channel, journey->n, &ways->channel_room,
							  sizeof(uint32));
	for (uint32 i = 0; i < journey->n; i++)
	{
		uint32		channel = TOUCH_CHANNEL(journey->touch[i].what);

		if (!ways->collapse || way.n == 0 ||
			ways->channel[way.n - 1] != channel)
			ways->channel[way.n++] = channel;
	}
	way.channel = ways->channel;
	return way;
}

static WayCount *
count_of(Ways *ways, Way way)
{
	bool		found;
	WayEntry   *entry = ways_insert(ways->table, way, &found);
	uint32	   *kept;

	if (found)
		return &ways->count[entry->number];
	kept = affinity_base_array(way.n, sizeof(uint32));
	memcpy(kept, way.channel, way.n * sizeof(uint32));
	entry->way.channel = kept;
	entry->number = ways->n;
	ways->count = with_room(ways->count, ways->n, &ways->room,
							sizeof(WayCount));
	memset(&ways->count[ways->n], 0, sizeof(WayCount));
	ways->count[ways->n].way = entry->way;
	return &ways->count[ways->n++];
}

static void
count_way(const Journey *journey, void *arg)
{
	Ways	   *ways = arg;
	WayCount   *count = count_of(ways, way_of(ways, journey));
	WayTime    *time;

	if (count->last_user != journey->user + 1)
	{
		count->last_user = journey->user + 1;
		count->users++;
	}
	if (!journey->converted)
	{
		count->nulls++;
		return;
	}
	count->conversions++;
	count->value += affinity_attribution_units(ways->credit, journey->value);
	ways->time = with_room(ways->time, ways->n_times, &ways->time_room,
						   sizeof(WayTime));
	time = &ways->time[ways->n_times++];
	time->way = (uint32) (count - ways->count);
	time->time = (uint64) journey->at - (uint64) journey->touch[0].at;
}

/* The middle of so many times; of two the mean, rounded up from half. */
static int64
median(const WayTime *time, int64 n)
{
	uint64		low = time[(n - 1) / 2].time;
	uint64		high = time[n / 2].time;

	return (int64) Min(low + (high - low + 1) / 2, (uint64) PG_INT64_MAX);
}

static Datum
path_datum(Way way, const ChannelName *name)
{
	Datum	   *text = affinity_base_array(way.n, sizeof(Datum));

	for (uint32 i = 0; i < way.n; i++)
		text[i] = affinity_attribution_name_datum(name, way.channel[i]);
	return PointerGetDatum(construct_array(text, (int) way.n, TEXTOID, -1,
										   false, TYPALIGN_INT));
}

static void
put_ways(ReturnSetInfo *rsinfo, Ways *ways, const ChannelName *name)
{
	MemoryContext aside = AllocSetContextCreate(CurrentMemoryContext,
												"affinity path",
												ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(aside);
	int128	   *value = MemoryContextAllocHuge(old, Max(ways->n, 1) *
											   sizeof(int128));
	double	   *total = MemoryContextAllocHuge(old, Max(ways->n, 1) *
											   sizeof(double));

	for (uint32 i = 0; i < ways->n; i++)
		value[i] = ways->count[i].value;
	affinity_attribution_doubles(value, ways->n, ways->credit->scale, total);
	for (uint32 i = 0; i < ways->n; i++)
	{
		const WayCount *count = &ways->count[i];
		Datum		values[COLUMNS];
		bool		nulls[COLUMNS] = {false};
		Interval   *time = palloc0(sizeof(Interval));

		affinity_base_look_up(i);
		values[0] = path_datum(count->way, name);
		values[1] = Int64GetDatum(count->users);
		values[2] = Int64GetDatum(count->conversions);
		values[3] = Int64GetDatum(count->nulls);
		values[4] = Float8GetDatum(total[i]);
		nulls[5] = count->conversions == 0;
		if (!nulls[5])
		{
			time->time = median(ways->time + count->times, count->conversions);
			/* as the difference of timestamps has it */
			time->day = (int32) (time->time / USECS_PER_DAY);
			time->time %= USECS_PER_DAY;
		}
		values[5] = IntervalPGetDatum(time);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
		MemoryContextReset(aside);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(aside);
}

/* paths(state, lookback, reuse, collapse) */
Datum
affinity_attribution_paths(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Attribution *state;
	JourneyOptions options;
	Credit		credit;
	Ways		ways = {0};
	Size		at = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	state = affinity_attribution_arg(fcinfo, 0);
	affinity_attribution_journey_options(fcinfo, state, LOOKBACK_ARG,
										 REUSE_ARG, &options);
	affinity_base_check_not_null(fcinfo, COLLAPSE_ARG, "collapse");
	affinity_attribution_credit_begin(&credit, state);
	ways.collapse = PG_GETARG_BOOL(COLLAPSE_ARG);
	ways.credit = &credit;
	ways.table = ways_create(CurrentMemoryContext, 256, NULL);
	affinity_attribution_journeys(state, &options, count_way, &ways);
	ways_destroy(ways.table);
	if (ways.n_times > 0)
		sort_times(ways.time, ways.n_times);
	for (uint32 i = 0; i < ways.n; i++)
	{
		ways.count[i].times = at;
		at += (Size) ways.count[i].conversions;
	}
	sort_ways(ways.count, ways.n);
	put_ways(rsinfo, &ways, affinity_attribution_names(state));
	return (Datum) 0;
}
