/*
 * bars.c
 *		Bars that follow each other: the steps of a funnel, and the bridge from
 *		one level to the next.
 */
#include "postgres.h"

#include <math.h>

#include "chart/chart.h"

PG_FUNCTION_INFO_V1(affinity_chart_funnel);
PG_FUNCTION_INFO_V1(affinity_chart_bridge);

#define MAX_BARS 1000
#define PLOT_HEIGHT 280.0
#define BAR_HEIGHT 34.0

/* Colors of a bridge: levels, what adds, what takes away. */
#define LEVEL "f7"
#define PLUS "f2"
#define MINUS "f5"

/* What is said at the right of a step. */
static char *
step_text(const ChartNumbers *values, int i, bool percent)
{
	double		value = values->value[i];
	char	   *number = affinity_chart_number(value, percent);
	double		first = values->value[0];
	double		previous = i > 0 ? values->value[i - 1] : NAN;

	if (i == 0 || !(first > 0))
		return number;
	if (i == 1 || !(previous > 0))
		return psprintf("%s \xc2\xb7 %s", number,
						affinity_chart_number(value / first, true));
	return psprintf("%s \xc2\xb7 %s \xc2\xb7 %s of previous", number,
					affinity_chart_number(value / first, true),
					affinity_chart_number(value / previous, true));
}

static void
check_steps(const ChartNumbers *values)
{
	for (int i = 0; i < values->n; i++)
		if (!(values->value[i] >= 0))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a step of a funnel must have 0 or more, step %d has %s",
							i + 1, isnan(values->value[i]) ? "NULL" :
							psprintf("%g", values->value[i])),
					 errhint("Give how many reached each step: coalesce(users, 0).")));
}

/* chart_funnel(labels, values, frame ...) */
Datum
affinity_chart_funnel(PG_FUNCTION_ARGS)
{
	ChartStrings labels = affinity_chart_strings(fcinfo, 0);
	ChartNumbers values = affinity_chart_numbers(fcinfo, 1, "values");
	ChartFrame	frame = affinity_chart_frame(fcinfo, 2);
	StringInfoData svg;
	double		top = affinity_chart_head(&frame) + 4;
	double		most = 0;
	double		left;
	double		right = 0;

	affinity_chart_same_length("labels", labels.n, "values", values.n);
	affinity_chart_limit(labels.n, MAX_BARS, "steps", "Give fewer steps.");
	if (labels.n == 0)
		PG_RETURN_DATUM(affinity_chart_empty(&frame, "Funnel"));
	check_steps(&values);
	left = CHART_MARGIN + 8 + affinity_chart_widest(labels.n, labels.value,
													frame.width * 0.3);
	for (int i = 0; i < values.n; i++)
	{
		most = Max(most, values.value[i]);
		right = Max(right, affinity_chart_text_width(step_text(&values, i, frame.percent)));
	}
	right = Min(right + CHART_MARGIN + 8, frame.width - left - 20);
	affinity_chart_open(&svg, &frame, top + values.n * BAR_HEIGHT +
						CHART_MARGIN - 6, "Funnel",
						psprintf("Funnel of %d steps; the first has %s, the last %s.",
								 values.n,
								 affinity_chart_number(values.value[0], frame.percent),
								 affinity_chart_number(values.value[values.n - 1], frame.percent)));
	for (int i = 0; i < values.n; i++)
	{
		double		y = top + i * BAR_HEIGHT;
		double		width = most > 0 ? values.value[i] / most *
			(frame.width - left - right) : 0;
		char	   *said = step_text(&values, i, frame.percent);
		const char *label = labels.value[i] ? labels.value[i] : "";

		affinity_chart_text(&svg, "t", CHART_MARGIN, y + 18, CHART_START,
							affinity_chart_fit(label, left - CHART_MARGIN - 7.9));
		affinity_chart_rect(&svg, "f0", left, y, Max(width, 1), BAR_HEIGHT - 6,
							psprintf("%s: %s", label, said));
		affinity_chart_text(&svg, "t", left + Max(width, 1) + 8, y + 18,
							CHART_START,
							affinity_chart_fit(said, right - 8));
	}
	PG_RETURN_DATUM(affinity_chart_close(&svg));
}

typedef struct Bridge
{
	ChartFrame	frame;
	ChartStrings labels;
	ChartNumbers changes;
	bool	   *total;			/* a level, and not a change */
	double	   *from;			/* where each bar begins and ends */
	double	   *to;
	double		low;
	double		high;
} Bridge;

/* A level that is NULL is what the bars before it come to. */
static void
run(Bridge *bridge)
{
	double		level = 0;

	for (int i = 0; i < bridge->changes.n; i++)
	{
		double		change = bridge->changes.value[i];

		bridge->from[i] = bridge->total[i] ? 0 : level;
		if (!bridge->total[i])
			level += isnan(change) ? 0 : change;
		else if (!isnan(change))
			level = change;
		bridge->to[i] = level;
		bridge->low = Min(bridge->low, level);
		bridge->high = Max(bridge->high, level);
	}
}

static void
draw_bar(StringInfo svg, const Bridge *bridge, const ChartScale *scale, int i,
		 double left, double step)
{
	double		x = left + (i + 0.1) * step;
	double		from = affinity_chart_place(scale, bridge->from[i]);
	double		to = affinity_chart_place(scale, bridge->to[i]);
	double		change = bridge->to[i] - bridge->from[i];
	char	   *said = affinity_chart_number(change, bridge->frame.percent);
	const char *label = bridge->labels.value[i] ? bridge->labels.value[i] : "";

	if (!bridge->total[i] && change > 0)
		said = psprintf("+%s", said);
	affinity_chart_rect(svg, bridge->total[i] ? LEVEL : change < 0 ? MINUS : PLUS,
						x, Min(from, to), step * 0.8, Max(fabs(from - to), 1),
						psprintf("%s: %s", label, said));
	if (affinity_chart_text_width(said) <= step - 2)
		affinity_chart_text(svg, "t", x + step * 0.4, Min(from, to) - 4,
							CHART_MIDDLE, said);
	if (i + 1 < bridge->changes.n)
		affinity_chart_line(svg, "x d", x + step * 0.8, to, x + step, to);
}

static Datum
draw_bridge(const Bridge *bridge)
{
	StringInfoData svg;
	int			n = bridge->changes.n;
	double		top = affinity_chart_head(&bridge->frame) + CHART_LINE + 4;
	ChartScale	scale = affinity_chart_scale(bridge->low, bridge->high, 5);
	double		left;
	double		step;

	scale.from = top + PLOT_HEIGHT;
	scale.to = top;
	left = CHART_MARGIN +
		affinity_chart_values_width(&scale, bridge->frame.percent);
	step = (bridge->frame.width - CHART_MARGIN - left) / n;
	affinity_chart_open(&svg, &bridge->frame,
						top + PLOT_HEIGHT + CHART_LINE + CHART_MARGIN, "Bridge",
						psprintf("Bridge of %d bars, from %s to %s.", n,
								 affinity_chart_number(bridge->to[0], bridge->frame.percent),
								 affinity_chart_number(bridge->to[n - 1], bridge->frame.percent)));
	affinity_chart_values(&svg, &scale, left,
						  bridge->frame.width - CHART_MARGIN,
						  bridge->frame.percent);
	for (int i = 0; i < n; i++)
		draw_bar(&svg, bridge, &scale, i, left, step);
	affinity_chart_labels(&svg, &bridge->frame, n, bridge->labels.value, left, step,
						  scale.from + CHART_LINE);
	return affinity_chart_close(&svg);
}

/* chart_bridge(labels, changes, totals, frame ...) */
Datum
affinity_chart_bridge(PG_FUNCTION_ARGS)
{
	Bridge		bridge = {.frame = affinity_chart_frame(fcinfo, 3)};

	bridge.labels = affinity_chart_strings(fcinfo, 0);
	bridge.changes = affinity_chart_numbers(fcinfo, 1, "changes");
	affinity_chart_same_length("labels", bridge.labels.n, "changes",
							   bridge.changes.n);
	bridge.total = affinity_chart_flags(fcinfo, 2, "totals", "labels",
										bridge.labels.n);
	affinity_chart_limit(bridge.labels.n, MAX_BARS, "bars",
						 "Take longer periods, or only the last ones.");
	if (bridge.labels.n == 0)
		PG_RETURN_DATUM(affinity_chart_empty(&bridge.frame, "Bridge"));
	bridge.from = affinity_base_array(bridge.labels.n, sizeof(double));
	bridge.to = affinity_base_array(bridge.labels.n, sizeof(double));
	run(&bridge);
	PG_RETURN_DATUM(draw_bridge(&bridge));
}
