/*
 * parted.h
 *		Private to the room: a large state of many users while it grows.
 */
#ifndef AFFINITY_EVENTLOG_PARTED_H
#define AFFINITY_EVENTLOG_PARTED_H

#include "eventlog/packed.h"

#define PARTED_SLABS 80
#define PARTED_RUNS 8

/* Rows of one part of the users. */
typedef struct EventChunk
{
	struct EventChunk *next;
	Size		used;			/* bytes of rows; not kept of the last chunk */
	char		row[FLEXIBLE_ARRAY_MEMBER];
} EventChunk;

typedef struct EventPart
{
	EventChunk *first;
	EventChunk *last;
	Size		bytes;			/* of rows in the chunks before the last */
} EventPart;

/* Where a part's next row goes; apart from the rest, to be in the cache. */
typedef struct EventPlace
{
	char	   *at;
	char	   *end;			/* of the last chunk */
} EventPlace;

typedef struct PartedLog
{
	EventInlet	inlet;			/* rows come in here; what they are */
	EventLog   *header;			/* the same as a log without rows */
	Size		row_size;
	int			bits;			/* there are 2^bits parts */
	Size		chunk_size;
	Size		first_chunk_size;
	char	   *slab_at;		/* what is left of the slab in use */
	char	   *slab_end;
	int			slabs_used;
	int			n_slabs;
	Size		slab_bytes;		/* in all slabs */
	struct
	{
		char	   *area;
		Size		size;
	}			slab[PARTED_SLABS];
	int			n_runs;
	const EventLog *run[PARTED_RUNS];	/* packed */
	EventPart  *part;
	EventPlace	place[FLEXIBLE_ARRAY_MEMBER];
} PartedLog;

extern EventInlet *affinity_eventlog_parted_start(const EventLog *log,
												  MemoryContext aggregate);
extern Datum affinity_eventlog_parted_datum(EventInlet *inlet);
extern void affinity_eventlog_parted_merge(EventInlet *inlet,
										   const EventLog *log);
extern const EventLog *affinity_eventlog_parted_header(const EventInlet *in);
extern EventLog *affinity_eventlog_parted_flat(EventInlet *inlet);
extern EventLog *affinity_eventlog_pack(const EventLog *log);

/* ---- group.c ----------------------------------------------------------- */

typedef struct EventGrouper EventGrouper;

extern EventGrouper *affinity_eventlog_grouper_create(const EventLog *like);
extern void affinity_eventlog_grouper_use(EventGrouper *grouper,
										  const PartedLog *parted, int part,
										  EventUserUse use, void *arg);
extern void affinity_eventlog_grouper_free(EventGrouper *grouper);

#endif							/* AFFINITY_EVENTLOG_PARTED_H */
