/*
 * stack.c
 *		Stacked bars: what a total is made of, period by period. Values below 0
 *		hang below the line, such as users that went.
 */
#include "postgres.h"

#include <math.h>

#include "chart/chart.h"

PG_FUNCTION_INFO_V1(affinity_chart_stack);

#define PLOT_HEIGHT 280.0
#define MAX_BARS 1000
#define MAX_SERIES 100

typedef struct Stack
{
	ChartFrame	frame;
	ChartNames	bars;
	ChartNames	series;
	double	   *value;			/* by bar, then series */
	double	   *above;			/* by bar: sums of what is over and below 0 */
	double	   *below;
	bool	   *incomplete;		/* by bar */
	bool		any_incomplete;
} Stack;

/* Values of one bar and series add up. */
static void
add_up(Stack *stack, const ChartNumbers *values)
{
	stack->value = palloc0(sizeof(double) * stack->bars.n * stack->series.n);
	stack->above = palloc0(sizeof(double) * stack->bars.n);
	stack->below = palloc0(sizeof(double) * stack->bars.n);
	for (int i = 0; i < values->n; i++)
		if (!isnan(values->value[i]))
			stack->value[stack->bars.of[i] * stack->series.n +
						 stack->series.of[i]] += values->value[i];
	for (int bar = 0; bar < stack->bars.n; bar++)
		for (int s = 0; s < stack->series.n; s++)
		{
			double		value = stack->value[bar * stack->series.n + s];

			stack->above[bar] += Max(value, 0);
			stack->below[bar] += Min(value, 0);
		}
}

static void
draw_bar(StringInfo svg, const Stack *stack, const ChartScale *scale, int bar,
		 double x, double width)
{
	double		above = 0;
	double		below = 0;

	for (int s = 0; s < stack->series.n; s++)
	{
		double		value = stack->value[bar * stack->series.n + s];
		double	   *sum = value > 0 ? &above : &below;
		double		from = affinity_chart_place(scale, *sum);
		double		to;

		if (value == 0)
			continue;
		*sum += value;
		to = affinity_chart_place(scale, *sum);
		affinity_chart_rect(svg, psprintf(stack->incomplete[bar] ?
										  "f%d e d i" : "f%d", s % CHART_COLORS),
							x, Min(from, to), width, fabs(from - to),
							psprintf("%s, %s: %s%s", stack->bars.name[bar],
									 stack->series.name[s],
									 affinity_chart_number(value, stack->frame.percent),
									 stack->incomplete[bar] ?
									 " (not complete)" : ""));
	}
}

static Datum
draw(const Stack *stack)
{
	StringInfoData svg;
	double		head = affinity_chart_head(&stack->frame);
	double		top = head + 8 +
		affinity_chart_legend_height(&stack->frame, stack->series.n,
									 stack->series.name);
	double		low = 0;
	double		high = 0;
	double		left;
	double		step;
	ChartScale	scale;

	for (int i = 0; i < stack->bars.n; i++)
	{
		low = Min(low, stack->below[i]);
		high = Max(high, stack->above[i]);
	}
	scale = affinity_chart_scale(low, high, 5);
	scale.from = top + PLOT_HEIGHT;
	scale.to = top;
	left = CHART_MARGIN +
		affinity_chart_values_width(&scale, stack->frame.percent);
	step = (stack->frame.width - CHART_MARGIN - left) / stack->bars.n;
	affinity_chart_open(&svg, &stack->frame,
						top + PLOT_HEIGHT + CHART_LINE + CHART_MARGIN +
						(stack->any_incomplete ? CHART_LINE : 0),
						"Stacked bars",
						psprintf("Stacked bars: %d bars of %d parts; sums from %s to %s.",
								 stack->bars.n, stack->series.n,
								 affinity_chart_number(low, stack->frame.percent),
								 affinity_chart_number(high, stack->frame.percent)));
	affinity_chart_legend(&svg, &stack->frame, head, stack->series.n,
						  stack->series.name, "");
	affinity_chart_values(&svg, &scale, left,
						  stack->frame.width - CHART_MARGIN,
						  stack->frame.percent);
	for (int i = 0; i < stack->bars.n; i++)
		draw_bar(&svg, stack, &scale, i, left + (i + 0.1) * step, step * 0.8);
	affinity_chart_line(&svg, "x", left, affinity_chart_place(&scale, 0),
						stack->frame.width - CHART_MARGIN,
						affinity_chart_place(&scale, 0));
	affinity_chart_labels(&svg, &stack->frame, stack->bars.n, stack->bars.name, left, step,
						  scale.from + CHART_LINE);
	if (stack->any_incomplete)
		affinity_chart_text(&svg, "m", CHART_MARGIN,
							scale.from + 2 * CHART_LINE + 2, CHART_START,
							"dashed: the period was not over yet");
	return affinity_chart_close(&svg);
}

/* A bar is not complete if one of its entries is not. */
static void
mark_bars(Stack *stack, const bool *incomplete, int n)
{
	stack->incomplete = palloc0(stack->bars.n);
	for (int i = 0; i < n; i++)
	{
		stack->incomplete[stack->bars.of[i]] |= incomplete[i];
		stack->any_incomplete |= incomplete[i];
	}
}

/* chart_stack(labels, series, values, incomplete, frame ...) */
Datum
affinity_chart_stack(PG_FUNCTION_ARGS)
{
	ChartStrings labels = affinity_chart_strings(fcinfo, 0);
	ChartStrings series = affinity_chart_strings(fcinfo, 1);
	ChartNumbers values = affinity_chart_numbers(fcinfo, 2, "values");
	Stack		stack = {.frame = affinity_chart_frame(fcinfo, 4)};
	bool	   *incomplete = affinity_chart_flags(fcinfo, 3, "incomplete",
												  "labels", labels.n);

	affinity_chart_same_length("labels", labels.n, "series", series.n);
	affinity_chart_same_length("labels", labels.n, "values", values.n);
	if (labels.n == 0)
		PG_RETURN_DATUM(affinity_chart_empty(&stack.frame, "Stacked bars"));
	stack.bars = affinity_chart_names(&labels);
	stack.series = affinity_chart_names(&series);
	affinity_chart_limit(stack.bars.n, MAX_BARS, "bars",
						 "Take longer periods: GROUP BY date_trunc('month', at).");
	affinity_chart_limit(stack.series.n, MAX_SERIES, "series",
						 "Put the smaller ones together: CASE WHEN ... ELSE 'other' END.");
	add_up(&stack, &values);
	mark_bars(&stack, incomplete, labels.n);
	PG_RETURN_DATUM(draw(&stack));
}
