/*
 * axis.c
 *		What several pictures have around their marks: a legend, a scale of
 *		values with lines across, labels below.
 */
#include "postgres.h"

#include "chart/chart.h"

#define SWATCH 18.0				/* px of a mark in the legend, with its gap */
#define GAP 16.0				/* px between entries */
#define LONGEST 220.0			/* px of a name in the legend */

static double
entry_width(const ChartFrame *frame, const char *name)
{
	double		most = Min(LONGEST, frame->width - 2 * CHART_MARGIN - SWATCH);

	return SWATCH + Min(affinity_chart_text_width(name), most);
}

/* Entries follow each other in lines; says how many lines there are. */
static int
legend(StringInfo svg, const ChartFrame *frame, double y, int n,
	   char *const *name, const char *mark)
{
	double		x = CHART_MARGIN;
	int			lines = 1;

	for (int i = 0; i < n; i++)
	{
		double		width = entry_width(frame, name[i]);

		if (x > CHART_MARGIN && x + width > frame->width - CHART_MARGIN)
		{
			x = CHART_MARGIN;
			lines++;
		}
		if (svg)
		{
			double		top = y + (lines - 1) * (CHART_LINE + 2);
			char	   *fill = psprintf("%s f%d", mark, i % CHART_COLORS);

			if (mark[0] == 'l')
				appendStringInfo(svg,
								 "<line class=\"l s%d\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"%s/>\n",
								 i % CHART_COLORS, x, top + 8, x + 14, top + 8,
								 i >= CHART_COLORS ? " stroke-dasharray=\"5 3\"" : "");
			else
				affinity_chart_rect(svg, fill, x, top + 2, 12, 12, NULL);
			affinity_chart_text(svg, "t", x + SWATCH, top + 12, CHART_START,
								affinity_chart_fit(name[i],
												   width - SWATCH + 0.01));
		}
		x += width + GAP;
	}
	return lines;
}

double
affinity_chart_legend_height(const ChartFrame *frame, int n, char *const *name)
{
	return legend(NULL, frame, 0, n, name, "") * (CHART_LINE + 2) + 6;
}

/* The mark is "l" for lines; else areas. */
void
affinity_chart_legend(StringInfo svg, const ChartFrame *frame, double y, int n,
					  char *const *name, const char *mark)
{
	legend(svg, frame, y, n, name, mark);
}

/* What the texts of a scale need. */
double
affinity_chart_values_width(const ChartScale *scale, bool percent)
{
	double		widest = 0;

	for (int i = 0; i < scale->n_ticks; i++)
		widest = Max(widest,
					 affinity_chart_text_width(affinity_chart_tick(scale->low + i * scale->step,
																   scale->step, percent)));
	return widest + 8;
}

/* Lines across, with their values at the left. */
void
affinity_chart_values(StringInfo svg, const ChartScale *scale, double left,
					  double right, bool percent)
{
	for (int i = 0; i < scale->n_ticks; i++)
	{
		double		value = scale->low + i * scale->step;
		double		y = affinity_chart_place(scale, value);
		bool		zero = value < scale->step / 2 && value > -scale->step / 2;

		affinity_chart_line(svg, zero ? "x" : "g", left, y, right, y);
		affinity_chart_text(svg, "m", left - 8, y + 4, CHART_END,
							affinity_chart_tick(value, scale->step, percent));
	}
}

/*
 * Labels below columns: as many as have room, each where its column is, or
 * as far beside it as the picture's ends demand.
 */
void
affinity_chart_labels(StringInfo svg, const ChartFrame *frame, int n,
					  char *const *label, double left, double step, double y)
{
	double		least = Max(left - 4, 2);	/* what is at the left stays free */
	double		free_from = 0;

	double		widest = affinity_chart_widest(n, label, 120);
	int			every = 1;

	while (every < n && every * step < widest + 8)
		every++;
	for (int i = 0; i < n; i += every)
	{
		char	   *text = affinity_chart_fit(label[i] ? label[i] : "",
											  Max(every * step - 4, 24));
		double		half = affinity_chart_text_width(text) / 2;
		double		x = left + (i + 0.5) * step;

		x = Max(Min(x, frame->width - 2 - half), least + half);
		if (half == 0 || x - half < free_from)
			continue;
		affinity_chart_text(svg, "m", x, y, CHART_MIDDLE, text);
		free_from = x + half + 4;
	}
}
