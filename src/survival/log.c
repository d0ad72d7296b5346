/*
 * log.c
 *		How a state grows, and its form at rest.
 *
 * Rows are appended; when the room is used up, entries are sorted and those
 * of one time and kind become one, and the room doubles if more than half of
 * it is still in use.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/state.h"
#include "eventlog/eventlog.h"
#include "survival/survival.h"

#define SURVIVAL_TOTAL_MAX (INT64CONST(1) << 53)
#define ENTRIES_AT_FIRST 5		/* 128 bytes with a chunk's header */

static int
compare_entries(const SurvivalEntry *a, const SurvivalEntry *b)
{
	uint64		cell_a = a->what >> 44;
	uint64		cell_b = b->what >> 44;

	if (cell_a != cell_b)
		return cell_a < cell_b ? -1 : 1;
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return (int) (a->what & 3) - (int) (b->what & 3);
}

#define ST_SORT sort_entries
#define ST_ELEMENT_TYPE SurvivalEntry
#define ST_COMPARE(a, b) compare_entries(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

static uint32
room_of(const SurvivalLog *log)
{
	return (uint32) ((VARSIZE(log) - SURVIVAL_HEADER - log->names_room) /
					 sizeof(SurvivalEntry));
}

SurvivalLog *
affinity_survival_log_new(uint32 magic)
{
	Size		size = SURVIVAL_HEADER +
		ENTRIES_AT_FIRST * sizeof(SurvivalEntry);
	SurvivalLog *log = palloc0(size);

	SET_VARSIZE(log, size);
	log->magic = magic;
	log->version = SURVIVAL_VERSION;
	log->growing = 1;
	return log;
}

/*
 * A state of a size that can be, aligned. Those of type survival were checked
 * when they came in; a bytea in somebody else's aggregate may be anything.
 */
SurvivalLog *
affinity_survival_log_of(Datum value, uint32 magic)
{
	SurvivalLog *log = affinity_base_aligned(value);

	if (VARSIZE(log) < SURVIVAL_HEADER || log->magic != magic ||
		log->version != SURVIVAL_VERSION ||
		log->names_room > VARSIZE(log) - SURVIVAL_HEADER ||
		log->names_room != MAXALIGN(log->names_room) ||
		log->names_used > log->names_room ||
		log->n > room_of(log) || log->n_sorted > log->n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid survival state")));
	return log;
}

static void
add_count(SurvivalEntry *to, uint64 what)
{
	if ((to->what >> 2 & SURVIVAL_COUNT_MAX) +
		(what >> 2 & SURVIVAL_COUNT_MAX) > SURVIVAL_COUNT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("more than %llu rows of one duration",
						(unsigned long long) SURVIVAL_COUNT_MAX)));
	to->what += (what >> 2 & SURVIVAL_COUNT_MAX) << 2;
}

/* Sort entries and make one of those that are alike; gives how many. */
static uint32
merge_entries(SurvivalEntry *entries, uint32 n)
{
	uint32		kept = 0;

	sort_entries(entries, n);
	for (uint32 i = 1; i < n; i++)
	{
		affinity_base_look_up(i);
		if (compare_entries(&entries[kept], &entries[i]) == 0)
			add_count(&entries[kept], entries[i].what);
		else
			entries[++kept] = entries[i];
	}
	return n > 0 ? kept + 1 : 0;
}

static void
check_size(Size needed)
{
	if (needed > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the survival state needs %zu bytes, but a value holds at most %zu",
						needed, (Size) MaxAllocSize),
				 errhint("Round the durations, for example to whole days.")));
}

static SurvivalLog *
make_room(SurvivalLog *log)
{
	uint32		room = room_of(log);
	Size		used;
	Size		needed;

	if (log->n_sorted < log->n)
	{
		log->n = merge_entries(affinity_survival_entries(log), log->n);
		log->n_sorted = log->n;
	}
	if (log->n < room && log->n <= room / 2)
		return log;
	used = SURVIVAL_HEADER + log->names_room + log->n * sizeof(SurvivalEntry);
	needed = used + sizeof(SurvivalEntry);
	check_size(needed);
	log = affinity_eventlog_enlarge(log, used, needed);
	log->growing = 1;
	return log;
}

/* Add an entry; gives the log, or a larger one in its place. */
SurvivalLog *
affinity_survival_log_add(SurvivalLog *log, double at, uint64 what)
{
	SurvivalEntry *entries = affinity_survival_entries(log);
	SurvivalEntry entry = {at, what};
	uint32		n = log->n;

	if (n > 0 && compare_entries(&entries[n - 1], &entry) == 0)
	{
		add_count(&entries[n - 1], what);
		return log;
	}
	if (n == room_of(log))
	{
		log = make_room(log);
		entries = affinity_survival_entries(log);
		n = log->n;
	}
	log->growing = 1;
	entries[n] = entry;
	if (log->n_sorted == n &&
		(n == 0 || compare_entries(&entries[n - 1], &entry) < 0))
		log->n_sorted++;
	log->n++;
	return log;
}

/* Room for so many more bytes of names; gives the log or a larger one. */
SurvivalLog *
affinity_survival_log_names(SurvivalLog *log, Size bytes)
{
	Size		room = log->names_room;
	Size		n = log->n;
	SurvivalLog *larger;
	Size		size;

	if (log->names_used + bytes <= room)
		return log;
	room = MAXALIGN(Max(2 * room, log->names_used + bytes));
	size = SURVIVAL_HEADER + room + (n + ENTRIES_AT_FIRST) *
		sizeof(SurvivalEntry);
	check_size(size);
	larger = palloc0(size);
	memcpy(larger, log, SURVIVAL_HEADER + log->names_used);
	SET_VARSIZE(larger, size);
	larger->names_room = (uint32) room;
	memcpy(affinity_survival_entries(larger), affinity_survival_entries(log),
		   n * sizeof(SurvivalEntry));
	return larger;
}

/* Merging a state with itself doubles it; doubles hold 2^53 exactly. */
static void
check_total(const SurvivalEntry *entries, uint32 n)
{
	int64		total = 0;

	for (uint32 i = 0; i < n; i++)
	{
		total += SURVIVAL_ENTRY_COUNT(&entries[i]);
		if (total > SURVIVAL_TOTAL_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("a survival state is of too many rows")));
	}
}

/* The form at rest of a state of type survival. */
SurvivalLog *
affinity_survival_log_final(const SurvivalLog *log)
{
	Size		size = SURVIVAL_HEADER + log->n * sizeof(SurvivalEntry);
	SurvivalLog *final = palloc0(size);
	SurvivalEntry *entries = (SurvivalEntry *) final->data;

	memcpy(entries, affinity_survival_entries(log),
		   log->n * sizeof(SurvivalEntry));
	final->magic = log->magic;
	final->version = SURVIVAL_VERSION;
	final->n = log->n_sorted < log->n ? merge_entries(entries, log->n)
		: log->n;
	final->n_sorted = final->n;
	check_total(entries, final->n);
	SET_VARSIZE(final, SURVIVAL_HEADER + final->n * sizeof(SurvivalEntry));
	return final;
}

/* An argument of type survival, in its form at rest. */
SurvivalLog *
affinity_survival_arg(FunctionCallInfo fcinfo, int arg)
{
	SurvivalLog *log = affinity_survival_log_of(PG_GETARG_DATUM(arg),
												SURVIVAL_MAGIC);

	return log->growing ? affinity_survival_log_final(log) : log;
}

/*
 * What is wrong with a state of type survival that came in, or NULL. Each who
 * entered is at risk afterwards, and nobody's observation ends who is not.
 */
const char *
affinity_survival_log_check(const SurvivalLog *log)
{
	const SurvivalEntry *entries = affinity_survival_entries(log);
	int64		at_risk = 0;
	int64		total = 0;

	if (log->growing || log->unused != 0 || log->weights != 0 ||
		log->n_cells != 0 || log->names_room != 0 || log->names_used != 0 ||
		log->n_sorted != log->n || log->n == 0)
		return "wrong header";
	if (VARSIZE(log) != SURVIVAL_HEADER + log->n * sizeof(SurvivalEntry))
		return "wrong length";
	for (uint32 i = 0; i < log->n; i++)
	{
		const SurvivalEntry *e = &entries[i];
		int64		count = SURVIVAL_ENTRY_COUNT(e);

		affinity_base_look_up(i);
		if (!(e->at >= 0) || isinf(e->at) || (e->at == 0 && signbit(e->at)))
			return "a duration that is none";
		if (SURVIVAL_ENTRY_CELL(e) != 0 || (e->what & 3) > SURVIVAL_ENTERED ||
			count == 0)
			return "wrong entry";
		if (i > 0 && compare_entries(&entries[i - 1], e) >= 0)
			return "durations out of order";
		total += count;
		if (total > SURVIVAL_TOTAL_MAX)
			return "too many rows";
		at_risk += SURVIVAL_ENTRY_KIND(e) == SURVIVAL_ENTERED ? -count : count;
	}
	if (at_risk < 0)
		return "more entered than ended";
	for (uint32 i = 0; i < log->n; i++)
	{
		int64		count = SURVIVAL_ENTRY_COUNT(&entries[i]);

		affinity_base_look_up(i);
		at_risk += SURVIVAL_ENTRY_KIND(&entries[i]) == SURVIVAL_ENTERED ?
			count : -count;
		if (at_risk < 0)
			return "more ends than were at risk";
	}
	return NULL;
}
