/*
 * paths.c
 *		The state of path_edges: each label once, and how often each edge was
 *		gone. An edge is a step, the page there and the next one; the end of a
 *		session is one too, so that all is there that may be asked for.
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "sequence/paths.h"

typedef struct LabelEntry
{
	PathLabel	label;
	uint32		hash;
	uint32		number;
	char		status;
} LabelEntry;

typedef struct EdgeEntry
{
	PathEdge	edge;
	char		status;
} EdgeEntry;

static inline uint32
hash_of_label(PathLabel label)
{
	return hash_bytes((const unsigned char *) label.bytes, (int) label.len);
}

static inline bool
same_label(PathLabel a, PathLabel b)
{
	return affinity_base_bytes_compare(a.bytes, a.len, b.bytes, b.len) == 0;
}

#define SH_PREFIX path_labels
#define SH_ELEMENT_TYPE LabelEntry
#define SH_KEY_TYPE PathLabel
#define SH_KEY label
#define SH_HASH_KEY(table, key) hash_of_label(key)
#define SH_EQUAL(table, a, b) same_label(a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static inline uint32
hash_of_edge(PathEdge edge)
{
	return (uint32) affinity_base_mix64(affinity_base_mix64((uint64) edge.source << 32 | edge.target) ^
										(uint64) edge.step);
}

static inline bool
same_edge(PathEdge a, PathEdge b)
{
	return a.step == b.step && a.source == b.source && a.target == b.target;
}

#define SH_PREFIX path_edges
#define SH_ELEMENT_TYPE EdgeEntry
#define SH_KEY_TYPE PathEdge
#define SH_KEY edge
#define SH_HASH_KEY(table, key) hash_of_edge(key)
#define SH_EQUAL(table, a, b) same_edge(a, b)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* In a context of its own below the parent. */
Paths *
affinity_sequence_paths_create(MemoryContext parent,
							   const PathOptions *options)
{
	MemoryContext context = AllocSetContextCreate(parent, "affinity paths",
												  ALLOCSET_START_SMALL_SIZES);
	Paths	   *paths = MemoryContextAllocZero(context, sizeof(Paths));

	EOH_init_header(&paths->hdr, &affinity_sequence_paths_methods, context);
	paths->options = *options;
	paths->labels = path_labels_create(context, 16, NULL);
	paths->edges = path_edges_create(context, 16, NULL);
	return paths;
}

/* The number of a label, which is copied if it is new. */
uint32
affinity_sequence_paths_label(Paths *paths, const char *bytes, uint32 len)
{
	PathLabel	label = {bytes, len};
	LabelEntry *entry;
	MemoryContext old;
	char	   *kept;
	bool		found;

	entry = path_labels_insert(paths->labels, label, &found);
	if (found)
		return entry->number;
	old = MemoryContextSwitchTo(paths->hdr.eoh_context);
	kept = palloc(Max(len, 1));
	memcpy(kept, bytes, len);
	if (paths->n_labels == paths->label_room)
	{
		paths->label_room = Max(16, 2 * paths->label_room);
		paths->label = paths->label == NULL ?
			affinity_base_array(paths->label_room, sizeof(PathLabel)) :
			repalloc_huge(paths->label,
						  paths->label_room * sizeof(PathLabel));
	}
	MemoryContextSwitchTo(old);
	entry->label.bytes = kept;
	entry->number = paths->n_labels;
	paths->label_bytes += len;
	paths->label[paths->n_labels++] = entry->label;
	return entry->number;
}

/* So many sessions more went from source to target. */
void
affinity_sequence_paths_count(Paths *paths, int32 step, uint32 source,
							  uint32 target, int64 sessions)
{
	PathEdge	edge = {step, source, target, 0};
	bool		found;
	EdgeEntry  *entry = path_edges_insert(paths->edges, edge, &found);

	if (!found)
		entry->edge.sessions = 0;
	entry->edge.sessions += sessions;
}

uint32
affinity_sequence_paths_n_edges(const Paths *paths)
{
	return (uint32) paths->edges->members;
}

/* All edges, in no order, in the current context. */
PathEdge *
affinity_sequence_paths_edges(const Paths *paths, uint32 *n)
{
	PathEdge   *edge = affinity_base_array(paths->edges->members,
										   sizeof(PathEdge));
	path_edges_iterator at;
	EdgeEntry  *entry;

	*n = 0;
	path_edges_start_iterate(paths->edges, &at);
	while ((entry = path_edges_iterate(paths->edges, &at)) != NULL)
	{
		affinity_base_look_up(*n);
		edge[(*n)++] = entry->edge;
	}
	return edge;
}
