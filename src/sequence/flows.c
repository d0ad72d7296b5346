/*
 * flows.c
 *		From counted edges to those that are shown: the most frequent labels of
 *		each step, the rest together, the ends of sessions if they are wanted.
 *
 * Labels are renumbered by their bytes first, so that numbers are in the
 * order of labels and the result in one that does not depend on the rows'.
 */
#include "postgres.h"

#include "sequence/paths.h"

#define OTHER_LABEL "(other)"
#define EXIT_LABEL "(exit)"

static int
compare_labels(uint32 a, uint32 b, const PathLabel *label)
{
	return affinity_base_bytes_compare(label[a].bytes, label[a].len,
									   label[b].bytes, label[b].len);
}

#define ST_SORT sort_labels
#define ST_ELEMENT_TYPE uint32
#define ST_COMPARE(a, b, label) compare_labels(*(a), *(b), label)
#define ST_COMPARE_ARG_TYPE const PathLabel
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* By step, source and target. */
static int
compare_places(const PathEdge *a, const PathEdge *b)
{
	if (a->step != b->step)
		return a->step < b->step ? -1 : 1;
	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	return a->target < b->target ? -1 : a->target > b->target;
}

/* By step, the most frequent ones first. */
static int
compare_counts(const PathEdge *a, const PathEdge *b)
{
	if (a->step == b->step && a->sessions != b->sessions)
		return a->sessions > b->sessions ? -1 : 1;
	return compare_places(a, b);
}

#define ST_SORT sort_by_place
#define ST_ELEMENT_TYPE PathEdge
#define ST_COMPARE(a, b) compare_places(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_by_count
#define ST_ELEMENT_TYPE PathEdge
#define ST_COMPARE(a, b) compare_counts(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* Edges of one place are one: sorted by place, and how many are left. */
static uint32
merge_edges(PathEdge *edge, uint32 n)
{
	uint32		left = 0;

	sort_by_place(edge, n);
	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		if (left > 0 && compare_places(&edge[left - 1], &edge[i]) == 0)
			edge[left - 1].sessions += edge[i].sessions;
		else
			edge[left++] = edge[i];
	}
	return left;
}

/* The labels, that of the others and that of the ends: in no order. */
static PathLabel *
all_labels(const Paths *paths, uint32 *n)
{
	PathLabel  *label = affinity_base_array((Size) paths->n_labels + 2,
											sizeof(PathLabel));

	if (paths->n_labels > 0)
		memcpy(label, paths->label, paths->n_labels * sizeof(PathLabel));
	*n = paths->n_labels + 2;
	label[*n - 2] = (PathLabel)
	{
		OTHER_LABEL, strlen(OTHER_LABEL)
	};
	label[*n - 1] = (PathLabel)
	{
		EXIT_LABEL, strlen(EXIT_LABEL)
	};
	return label;
}

/*
 * The rank of each label, and the labels by rank. A page may bear the name of
 * the others or of the ends: then it is one with these.
 */
static uint32 *
rank_labels(const PathLabel *label, uint32 n, PathLabel *ranked)
{
	uint32	   *order = affinity_base_array(n, sizeof(uint32));
	uint32	   *rank = affinity_base_array(n, sizeof(uint32));
	uint32		m = 0;

	for (uint32 i = 0; i < n; i++)
		order[i] = i;
	sort_labels(order, n, label);
	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		if (i == 0 || compare_labels(order[i - 1], order[i], label) != 0)
			ranked[m++] = label[order[i]];
		rank[order[i]] = m - 1;
	}
	pfree(order);
	return rank;
}

/* The most frequent labels of each step, by place: edges without a target. */
static PathEdge *
frequent_nodes(const PathEdge *edge, uint32 n, int32 top, uint32 *n_nodes)
{
	PathEdge   *node = affinity_base_array((Size) 2 * n, sizeof(PathEdge));
	uint32		m = 0;
	uint32		left = 0;
	int32		taken = 0;

	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		/* all that is further on was come to */
		if (edge[i].step == 0)
			node[m++] = (PathEdge)
		{
			0, edge[i].source, 0, edge[i].sessions
		};
		if (edge[i].target != PATH_EXIT)
			node[m++] = (PathEdge)
		{
			edge[i].step + 1, edge[i].target, 0, edge[i].sessions
		};
	}
	m = merge_edges(node, m);
	sort_by_count(node, m);
	for (uint32 i = 0; i < m; i++)
	{
		affinity_base_look_up(i);
		taken = i > 0 && node[i].step == node[i - 1].step ? taken + 1 : 0;
		if (taken < top)
			node[left++] = node[i];
	}
	sort_by_place(node, left);
	*n_nodes = left;
	return node;
}

/* Is the label among those of this step? */
static bool
is_frequent(const PathEdge *node, uint32 n, int32 step, uint32 label)
{
	PathEdge	sought = {step, label, 0, 0};

	while (n > 0)
	{
		uint32		half = n / 2;
		int			order = compare_places(&sought, &node[half]);

		if (order == 0)
			return true;
		if (order > 0)
		{
			node += half + 1;
			n -= half + 1;
		}
		else
			n = half;
	}
	return false;
}

/* Labels that are not among the most frequent of their step become one. */
static void
name_others(PathEdge *edge, uint32 n, int32 top, uint32 other)
{
	uint32		n_nodes;
	PathEdge   *node = frequent_nodes(edge, n, top, &n_nodes);

	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		if (!is_frequent(node, n_nodes, edge[i].step, edge[i].source))
			edge[i].source = other;
		if (edge[i].target != PATH_EXIT &&
			!is_frequent(node, n_nodes, edge[i].step + 1, edge[i].target))
			edge[i].target = other;
	}
	pfree(node);
}

/* The ends of sessions go to their node, or are left out. */
static uint32
name_exits(PathEdge *edge, uint32 n, bool wanted, uint32 exit)
{
	uint32		left = 0;

	for (uint32 i = 0; i < n; i++)
	{
		bool		is_exit = edge[i].target == PATH_EXIT;

		affinity_base_look_up(i);
		if (is_exit && !wanted)
			continue;
		edge[left] = edge[i];
		if (is_exit)
			edge[left].target = exit;
		left++;
	}
	return left;
}

/* The edges as they are shown, in the current context. */
void
affinity_sequence_flows(const Paths *paths, PathFlows *flows)
{
	uint32		n_labels;
	PathLabel  *label = all_labels(paths, &n_labels);
	uint32	   *rank;

	flows->label = affinity_base_array(n_labels, sizeof(PathLabel));
	rank = rank_labels(label, n_labels, flows->label);
	flows->edge = affinity_sequence_paths_edges(paths, &flows->n);
	for (uint32 i = 0; i < flows->n; i++)
	{
		PathEdge   *edge = &flows->edge[i];

		affinity_base_look_up(i);
		edge->source = rank[edge->source];
		if (edge->target != PATH_EXIT)
			edge->target = rank[edge->target];
	}
	/* ends that are not shown do not make a label frequent */
	if (!paths->options.exits)
		flows->n = name_exits(flows->edge, flows->n, false, 0);
	if (paths->options.top != PG_INT32_MAX)
		name_others(flows->edge, flows->n, paths->options.top,
					rank[n_labels - 2]);
	flows->n = name_exits(flows->edge, flows->n, true, rank[n_labels - 1]);
	flows->n = merge_edges(flows->edge, flows->n);
	sort_by_count(flows->edge, flows->n);
	pfree(rank);
	pfree(label);
}
