/*
 * paths_flat.c
 *		The state of path_edges as bytes, as it goes from process to process: a
 *		bytea of the header, of each label its length and bytes, and the edges.
 *
 * As anybody can make an aggregate of these functions, what bytes say is
 * checked before it is believed.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "sequence/paths.h"

#define PATHS_MAGIC 0x48544150	/* "PATH" */

typedef struct FlatPaths
{
	int32		vl_len_;
	uint32		magic;
	PathOptions options;
	uint32		n_labels;
	uint32		n_edges;
	char		data[FLEXIBLE_ARRAY_MEMBER];
} FlatPaths;

#define FLAT_HEADER offsetof(FlatPaths, data)
#define FLAT_EDGE (3 * sizeof(uint32) + sizeof(int64))

static Size
flat_size(ExpandedObjectHeader *header)
{
	const Paths *paths = (const Paths *) header;
	Size		size = FLAT_HEADER + paths->label_bytes +
		paths->n_labels * sizeof(uint32) +
		affinity_sequence_paths_n_edges(paths) * FLAT_EDGE;

	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the state of path_edges needs %zu bytes, but a value holds at most %zu",
						size, (Size) MaxAllocSize),
				 errhint("Give a smaller depth, or shorter pages.")));
	return size;
}

static void
flatten(ExpandedObjectHeader *header, void *result, Size size)
{
	const Paths *paths = (const Paths *) header;
	FlatPaths  *flat = result;
	char	   *to = flat->data;
	PathEdge   *edge = affinity_sequence_paths_edges(paths, &flat->n_edges);
	uint64		work = 0;

	SET_VARSIZE(flat, size);
	flat->magic = PATHS_MAGIC;
	flat->options = paths->options;
	flat->n_labels = paths->n_labels;
	for (uint32 i = 0; i < flat->n_labels; i++)
	{
		const PathLabel *label = &paths->label[i];

		affinity_base_look_after(&work, 1 + (uint64) label->len);
		memcpy(to, &label->len, sizeof(uint32));
		memcpy(to + sizeof(uint32), label->bytes, label->len);
		to += sizeof(uint32) + label->len;
	}
	for (uint32 i = 0; i < flat->n_edges; i++)
	{
		affinity_base_look_up(i);
		memcpy(to, &edge[i].step, sizeof(uint32));
		memcpy(to + sizeof(uint32), &edge[i].source, sizeof(uint32));
		memcpy(to + 2 * sizeof(uint32), &edge[i].target, sizeof(uint32));
		memcpy(to + 3 * sizeof(uint32), &edge[i].sessions, sizeof(int64));
		to += FLAT_EDGE;
	}
	pfree(edge);
}

const ExpandedObjectMethods affinity_sequence_paths_methods = {
	flat_size, flatten
};

pg_noreturn static void
invalid_state(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid state of path_edges")));
}

/* The labels, which come first: their numbers, and where they end. */
static uint32 *
read_labels(Paths *paths, const FlatPaths *flat, const char **from,
			const char *end)
{
	uint32	   *number = affinity_base_array(flat->n_labels, sizeof(uint32));
	uint64		work = 0;

	for (uint32 i = 0; i < flat->n_labels; i++)
	{
		uint32		len;

		if ((Size) (end - *from) < sizeof(uint32))
			invalid_state();
		memcpy(&len, *from, sizeof(uint32));
		*from += sizeof(uint32);
		if ((Size) (end - *from) < len)
			invalid_state();
		affinity_base_look_after(&work, 1 + (uint64) len);
		pg_verifymbstr(*from, (int) len, false);
		number[i] = affinity_sequence_paths_label(paths, *from, len);
		*from += len;
	}
	return number;
}

static Paths *
from_flat(const FlatPaths *flat, MemoryContext parent)
{
	const char *end = (const char *) flat + VARSIZE(flat);
	const char *from = flat->data;
	Paths	   *paths;
	uint32	   *number;

	if (VARSIZE(flat) < FLAT_HEADER || flat->magic != PATHS_MAGIC ||
		flat->options.depth < 1 || flat->options.top < 1 ||
		(flat->options.exits != 0 && flat->options.exits != 1) ||
		flat->n_labels > (VARSIZE(flat) - FLAT_HEADER) / sizeof(uint32))
		invalid_state();
	paths = affinity_sequence_paths_create(parent, &flat->options);
	number = read_labels(paths, flat, &from, end);
	if ((Size) (end - from) != flat->n_edges * FLAT_EDGE)
		invalid_state();
	for (uint32 i = 0; i < flat->n_edges; i++)
	{
		PathEdge	edge;

		affinity_base_look_up(i);
		memcpy(&edge.step, from, sizeof(uint32));
		memcpy(&edge.source, from + sizeof(uint32), sizeof(uint32));
		memcpy(&edge.target, from + 2 * sizeof(uint32), sizeof(uint32));
		memcpy(&edge.sessions, from + 3 * sizeof(uint32), sizeof(int64));
		from += FLAT_EDGE;
		if (edge.step < 0 || edge.step >= flat->options.depth ||
			edge.source >= flat->n_labels || edge.sessions < 0 ||
			(edge.target >= flat->n_labels && edge.target != PATH_EXIT))
			invalid_state();
		affinity_sequence_paths_count(paths, edge.step, number[edge.source],
									  edge.target == PATH_EXIT ? PATH_EXIT :
									  number[edge.target], edge.sessions);
	}
	pfree(number);
	return paths;
}

/* A transition value: as it grows, or grown again below the parent. */
Paths *
affinity_sequence_paths_arg(Datum value, MemoryContext parent)
{
	ExpandedObjectHeader *header = affinity_base_expanded(value);

	if (header != NULL &&
		header->eoh_methods == &affinity_sequence_paths_methods)
		return (Paths *) header;
	return from_flat((const FlatPaths *) PG_DETOAST_DATUM(value), parent);
}

/* The same to be changed: a copy, unless it is ours. */
Paths *
affinity_sequence_paths_own(Datum value, MemoryContext parent)
{
	if (VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(value)))
		return affinity_sequence_paths_arg(value, parent);
	return from_flat((const FlatPaths *) PG_DETOAST_DATUM(value), parent);
}
