/*
 * sankey.c
 *		Flows from column to column: the paths of sessions, where users came from
 *		and went.
 *
 *		A node is a label in a column. Columns are given, or follow from the
 *		flows: a node stands one column after the last of those that flow to it.
 *		Nodes of a column are in the order of the mean place of what flows to
 *		them, so that few flows cross.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "chart/chart.h"

PG_FUNCTION_INFO_V1(affinity_chart_sankey);

#define MAX_LINKS 5000
#define NODE_WIDTH 12.0
#define NODE_GAP 14.0			/* px between nodes: a label has its line */
#define NODE_ROOM 26.0			/* px that a node has at least */
#define LEAST_HEIGHT 280.0
#define MAX_LEVEL 1000
#define LEAST_FLOW 1e-300		/* below it is nothing to draw */

typedef struct FlowNode
{
	int			label;			/* number of its name */
	int			level;
	double		in;				/* sums of the flows */
	double		out;
	double		order;			/* by which it stands in its column */
	double		y;
	double		height;
	double		in_used;		/* px from y on that have a flow already */
	double		out_used;
} FlowNode;

typedef struct Flow
{
	int			source;			/* nodes */
	int			target;
	double		value;
} Flow;

typedef struct Sankey
{
	ChartFrame	frame;
	ChartNames	names;
	int			n_nodes;
	FlowNode   *node;
	int			n_links;
	Flow	   *link;
	int			n_levels;
	int		   *sorted;			/* nodes by level, then as they stand */
	int			most;			/* nodes of the largest column */
	double		scale;			/* px of a value of 1 */
} Sankey;

static int
find_node(Sankey *sankey, int label, int level)
{
	for (int i = 0; i < sankey->n_nodes; i++)
		if (sankey->node[i].label == label && sankey->node[i].level == level)
			return i;
	sankey->node[sankey->n_nodes] = (FlowNode)
	{
		.label = label, .level = level
	};
	return sankey->n_nodes++;
}

/* Flows of the same two nodes are one. */
static void
add_link(Sankey *sankey, int source, int target, double value)
{
	sankey->node[source].out += value;
	sankey->node[target].in += value;
	for (int i = 0; i < sankey->n_links; i++)
		if (sankey->link[i].source == source && sankey->link[i].target == target)
		{
			sankey->link[i].value += value;
			return;
		}
	sankey->link[sankey->n_links++] = (Flow)
	{
		source, target, value
	};
}

/* Columns that follow from the flows: the longest way to each node. */
static void
find_levels(Sankey *sankey)
{
	bool		changed = true;

	for (int round = 0; changed; round++)
	{
		changed = false;
		if (round > sankey->n_nodes)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the flows go in a circle"),
					 errhint("Say in which column each flow begins: source_levels => array_agg(step).")));
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < sankey->n_links; i++)
		{
			FlowNode   *source = &sankey->node[sankey->link[i].source];
			FlowNode   *target = &sankey->node[sankey->link[i].target];

			if (target->level <= source->level)
			{
				target->level = source->level + 1;
				changed = true;
			}
		}
	}
}

static int
by_place(const void *a, const void *b, void *arg)
{
	const Sankey *sankey = arg;
	const FlowNode *x = &sankey->node[*(const int *) a];
	const FlowNode *y = &sankey->node[*(const int *) b];
	double		x_size = Max(x->in, x->out);
	double		y_size = Max(y->in, y->out);

	if (x->level != y->level)
		return x->level < y->level ? -1 : 1;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	if (x_size != y_size)
		return x_size > y_size ? -1 : 1;
	return x->label < y->label ? -1 : x->label > y->label;
}

/* Where a column begins among the sorted nodes. */
static int
column_end(const Sankey *sankey, int first)
{
	int			end = first;
	int			level = sankey->node[sankey->sorted[first]].level;

	while (end < sankey->n_nodes &&
		   sankey->node[sankey->sorted[end]].level == level)
		end++;
	return end;
}

/* Levels without gaps, from 0 on. */
static void
number_levels(Sankey *sankey)
{
	sankey->sorted = affinity_base_array(sankey->n_nodes, sizeof(int));
	for (int i = 0; i < sankey->n_nodes; i++)
		sankey->sorted[i] = i;
	qsort_arg(sankey->sorted, sankey->n_nodes, sizeof(int), by_place, sankey);
	sankey->n_levels = 0;
	for (int first = 0; first < sankey->n_nodes;)
	{
		int			end = column_end(sankey, first);

		for (int i = first; i < end; i++)
			sankey->node[sankey->sorted[i]].level = sankey->n_levels;
		sankey->most = Max(sankey->most, end - first);
		sankey->n_levels++;
		first = end;
	}
}

/* The largest scale by which every column has room. */
static void
find_scale(Sankey *sankey, double height)
{
	sankey->scale = INFINITY;
	for (int first = 0; first < sankey->n_nodes;)
	{
		int			end = column_end(sankey, first);
		double		sum = 0;

		for (int i = first; i < end; i++)
			sum += Max(sankey->node[sankey->sorted[i]].in,
					   sankey->node[sankey->sorted[i]].out);
		sankey->scale = Min(sankey->scale,
							(height - (end - first - 1) * (NODE_GAP + 1) - 1) / sum);
		first = end;
	}
}

/* Places in one column, in the middle of the height. */
static void
place_column(Sankey *sankey, int first, int end, double top, double height)
{
	double		used = (end - first - 1) * NODE_GAP;
	double		y;

	for (int i = first; i < end; i++)
	{
		FlowNode   *node = &sankey->node[sankey->sorted[i]];

		node->height = Max(Max(node->in, node->out) * sankey->scale, 1);
		used += node->height;
	}
	y = top + Max(height - used, 0) / 2;
	for (int i = first; i < end; i++)
	{
		FlowNode   *node = &sankey->node[sankey->sorted[i]];

		node->y = y;
		y += node->height + NODE_GAP;
	}
}

/* Column by column: in the order of what flows to them. */
static void
place_nodes(Sankey *sankey, double top, double height)
{
	find_scale(sankey, height);
	for (int first = 0; first < sankey->n_nodes;)
	{
		int			end = column_end(sankey, first);
		int			level = sankey->node[sankey->sorted[first]].level;

		if (level > 0)
		{
			for (int i = first; i < end; i++)
				sankey->node[sankey->sorted[i]].order = 0;
			for (int i = 0; i < sankey->n_links; i++)
			{
				FlowNode   *source = &sankey->node[sankey->link[i].source];
				FlowNode   *target = &sankey->node[sankey->link[i].target];

				if (target->level == level && target->in > 0)
					target->order += (source->y + source->height / 2) *
						(sankey->link[i].value / target->in);
			}
			qsort_arg(sankey->sorted + first, end - first, sizeof(int),
					  by_place, sankey);
		}
		place_column(sankey, first, end, top, height);
		first = end;
	}
}

static int
by_ends(const void *a, const void *b, void *arg)
{
	const Sankey *sankey = arg;
	const Flow *x = a;
	const Flow *y = b;
	double		x1 = sankey->node[x->source].y;
	double		y1 = sankey->node[y->source].y;
	double		x2 = sankey->node[x->target].y;
	double		y2 = sankey->node[y->target].y;

	if (sankey->node[x->source].level != sankey->node[y->source].level)
		return sankey->node[x->source].level < sankey->node[y->source].level ? -1 : 1;
	if (x1 != y1)
		return x1 < y1 ? -1 : 1;
	if (x2 != y2)
		return x2 < y2 ? -1 : 1;
	return x->target < y->target ? -1 : x->target > y->target;
}

static double
column_x(const Sankey *sankey, int level)
{
	double		room = sankey->frame.width - 2 * CHART_MARGIN - NODE_WIDTH;

	return CHART_MARGIN + (sankey->n_levels > 1 ?
						   room * level / (sankey->n_levels - 1) : 0);
}

static void
draw_link(StringInfo svg, Sankey *sankey, const Flow *link)
{
	FlowNode   *source = &sankey->node[link->source];
	FlowNode   *target = &sankey->node[link->target];
	double		width = link->value * sankey->scale;
	double		x1 = column_x(sankey, source->level) + NODE_WIDTH;
	double		x2 = column_x(sankey, target->level);
	double		y1 = source->y + source->out_used + width / 2;
	double		y2 = target->y + target->in_used + width / 2;
	double		middle = (x1 + x2) / 2;

	source->out_used += width;
	target->in_used += width;
	appendStringInfo(svg,
					 "<path class=\"k s%d\" stroke-width=\"%.1f\" d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f\">",
					 source->label % CHART_COLORS, Max(width, 0.5), x1, y1,
					 middle, y1, middle, y2, x2, y2);
	affinity_chart_tip(svg, psprintf("%s \xe2\x86\x92 %s: %s",
									 sankey->names.name[source->label],
									 sankey->names.name[target->label],
									 affinity_chart_number(link->value, sankey->frame.percent)));
	appendStringInfoString(svg, "</path>\n");
}

static void
draw_node(StringInfo svg, const Sankey *sankey, const FlowNode *node)
{
	double		x = column_x(sankey, node->level);
	bool		last = node->level > 0 && node->level == sankey->n_levels - 1;
	double		room = (sankey->n_levels > 1 ? column_x(sankey, 1) - column_x(sankey, 0) :
						sankey->frame.width - CHART_MARGIN - x) - NODE_WIDTH - 12;
	char	   *number = affinity_chart_number(Max(node->in, node->out),
											   sankey->frame.percent);
	char	   *said = psprintf("%s  %s", sankey->names.name[node->label], number);

	/* In the last column but one, half of the room is the last one's. */
	if (node->level >= sankey->n_levels - 2 && sankey->n_levels > 1)
		room /= 2;
	affinity_chart_rect(svg, psprintf("f%d", node->label % CHART_COLORS), x,
						node->y, NODE_WIDTH, node->height, said);
	if (affinity_chart_text_width(said) > room)
		said = sankey->names.name[node->label];
	affinity_chart_text(svg, "t", last ? x - 6 : x + NODE_WIDTH + 6,
						node->y + node->height / 2 + 4,
						last ? CHART_END : CHART_START,
						affinity_chart_fit(said, room));
}

static Datum
draw(Sankey *sankey)
{
	StringInfoData svg;
	double		top = affinity_chart_head(&sankey->frame) + 8;
	double		height = Max(LEAST_HEIGHT, sankey->most * NODE_ROOM);
	double		sum = 0;

	place_nodes(sankey, top, height);
	qsort_arg(sankey->link, sankey->n_links, sizeof(Flow), by_ends, sankey);
	for (int i = 0; i < sankey->n_nodes; i++)
		if (sankey->node[i].level == 0)
			sum += sankey->node[i].out;
	affinity_chart_open(&svg, &sankey->frame, top + height + CHART_MARGIN,
						"Flows",
						psprintf("Flows between %d nodes in %d columns; %s leave the first.",
								 sankey->n_nodes, sankey->n_levels,
								 affinity_chart_number(sum, sankey->frame.percent)));
	for (int i = 0; i < sankey->n_links; i++)
		draw_link(&svg, sankey, &sankey->link[i]);
	for (int i = 0; i < sankey->n_nodes; i++)
		draw_node(&svg, sankey, &sankey->node[i]);
	return affinity_chart_close(&svg);
}

/* Columns that are given; NULL where they are not. */
static Datum *
level_args(FunctionCallInfo fcinfo, int arg, int n)
{
	Datum	   *levels;
	bool	   *nulls;
	int			n_levels;

	if (PG_ARGISNULL(arg))
		return NULL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), INT8OID, sizeof(int64),
					  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &levels, &nulls,
					  &n_levels);
	affinity_chart_same_length("sources", n, "source_levels", n_levels);
	for (int i = 0; i < n; i++)
		if (nulls[i] || DatumGetInt64(levels[i]) < 0 ||
			DatumGetInt64(levels[i]) > MAX_LEVEL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("source_levels must be between 0 and %d, and entry %d is %s",
							MAX_LEVEL, i + 1, nulls[i] ? "NULL" :
							psprintf("%lld", (long long) DatumGetInt64(levels[i]))),
					 errhint("It is the column in which a flow begins: the first is 0.")));
	return levels;
}

static void
check_value(double value, int entry)
{
	if (value < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a flow must be 0 or more, entry %d is %g", entry + 1,
						value),
				 errhint("Turn it around: source and target exchanged.")));
}

/* chart_sankey(sources, targets, values, source_levels, frame ...) */
Datum
affinity_chart_sankey(PG_FUNCTION_ARGS)
{
	ChartStrings sources = affinity_chart_strings(fcinfo, 0);
	ChartStrings targets = affinity_chart_strings(fcinfo, 1);
	ChartNumbers values = affinity_chart_numbers(fcinfo, 2, "values");
	Datum	   *levels = level_args(fcinfo, 3, sources.n);
	Sankey		sankey = {.frame = affinity_chart_frame(fcinfo, 4)};
	ChartStrings both;

	affinity_chart_same_length("sources", sources.n, "targets", targets.n);
	affinity_chart_same_length("sources", sources.n, "values", values.n);
	affinity_chart_limit(sources.n, MAX_LINKS, "flows",
						 "Take those with the greatest values: ORDER BY ... DESC LIMIT 50.");
	both.n = 2 * sources.n;
	both.value = affinity_base_array(both.n, sizeof(char *));
	for (int i = 0; i < sources.n; i++)
	{
		both.value[2 * i] = sources.value[i];
		both.value[2 * i + 1] = targets.value[i];
	}
	sankey.names = affinity_chart_names(&both);
	sankey.node = affinity_base_array(both.n, sizeof(FlowNode));
	sankey.link = affinity_base_array(sources.n, sizeof(Flow));
	for (int i = 0; i < sources.n; i++)
	{
		int			level = levels ? (int) DatumGetInt64(levels[i]) : 0;
		int			next = levels ? level + 1 : 0;

		check_value(values.value[i], i);
		if (sources.value[i] && targets.value[i] &&
			values.value[i] > LEAST_FLOW)
		{
			int			source = find_node(&sankey, sankey.names.of[2 * i], level);
			int			target = find_node(&sankey, sankey.names.of[2 * i + 1],
										   next);

			add_link(&sankey, source, target, values.value[i]);
		}
	}
	if (sankey.n_links == 0)
		PG_RETURN_DATUM(affinity_chart_empty(&sankey.frame, "Flows"));
	if (!levels)
		find_levels(&sankey);
	number_levels(&sankey);
	PG_RETURN_DATUM(draw(&sankey));
}
