/*
 * paths.h
 *		What path_edges counts: labels of pages, and edges between them.
 */
#ifndef AFFINITY_SEQUENCE_PATHS_H
#define AFFINITY_SEQUENCE_PATHS_H

#include "postgres.h"

#include "base/base.h"

/* The target of the edge that a session's end is. */
#define PATH_EXIT PG_UINT32_MAX

typedef struct PathLabel
{
	const char *bytes;
	uint32		len;
} PathLabel;

typedef struct PathEdge
{
	int32		step;			/* of the source, from 0 */
	uint32		source;			/* numbers of labels */
	uint32		target;
	int64		sessions;
} PathEdge;

/* What is asked for; the same in all rows of a group. */
typedef struct PathOptions
{
	int32		depth;			/* how many steps; PG_INT32_MAX: all */
	int32		top;			/* how many labels a step; PG_INT32_MAX: all */
	int32		exits;			/* is the end of a session an edge? */
} PathOptions;

typedef struct Paths
{
	ExpandedObjectHeader hdr;
	PathOptions options;
	Size		label_bytes;	/* of all labels */
	uint32		n_labels;
	uint32		label_room;
	PathLabel  *label;
	struct path_labels_hash *labels;
	struct path_edges_hash *edges;
} Paths;

/* What is shown: labels have other numbers here. */
typedef struct PathFlows
{
	uint32		n;
	PathEdge   *edge;
	PathLabel  *label;
} PathFlows;

/* paths.c */
extern Paths *affinity_sequence_paths_create(MemoryContext parent,
											 const PathOptions *options);
extern uint32 affinity_sequence_paths_label(Paths *paths, const char *bytes,
											uint32 len);
extern void affinity_sequence_paths_count(Paths *paths, int32 step,
										  uint32 source, uint32 target,
										  int64 sessions);
extern uint32 affinity_sequence_paths_n_edges(const Paths *paths);
extern PathEdge *affinity_sequence_paths_edges(const Paths *paths, uint32 *n);

/* paths_flat.c */
extern const ExpandedObjectMethods affinity_sequence_paths_methods;

extern Paths *affinity_sequence_paths_arg(Datum value, MemoryContext parent);
extern Paths *affinity_sequence_paths_own(Datum value, MemoryContext parent);

/* flows.c */
extern void affinity_sequence_flows(const Paths *paths, PathFlows *flows);

#endif							/* AFFINITY_SEQUENCE_PATHS_H */
