/*
 * lines.c
 *		Curves, with a band around each where there are bounds: retention,
 *		survival, anything over time.
 */
#include "postgres.h"

#include <math.h>

#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "chart/chart.h"

PG_FUNCTION_INFO_V1(affinity_chart_lines);

#define PLOT_HEIGHT 280.0
#define MAX_POINTS 1000000
#define MAX_SERIES 100
#define LATEST 9.2e12			/* seconds from 2000 that a timestamp can hold */
#define LATEST_UNIX 3e11		/* beyond it (the year 11476) nothing is told */
#define MONTH_LENGTH (30.436875 * SECS_PER_DAY)

typedef struct Lines
{
	ChartFrame	frame;
	ChartNumbers x;
	ChartNumbers y;
	ChartNumbers low;			/* n = 0: no band */
	ChartNumbers high;
	ChartNames	series;
	bool		steps;			/* a value holds until the next */
	bool		times;			/* x is seconds since 1970 */
	ChartScale	across;
	ChartScale	up;
	int		   *order;			/* entries by series, then x */
} Lines;

static void
widen(double value, bool *any, double *low, double *high)
{
	if (isnan(value))
		return;
	*low = *any ? Min(*low, value) : value;
	*high = *any ? Max(*high, value) : value;
	*any = true;
}

typedef struct ByColumns
{
	const int  *series;
	const double *x;
} ByColumns;

/* Entries of a series as x has them; of one x as they came. */
static int
by_series_and_x(const void *a, const void *b, void *arg)
{
	const ByColumns *by = arg;
	int			i = *(const int *) a;
	int			j = *(const int *) b;

	if (by->series[i] != by->series[j])
		return by->series[i] < by->series[j] ? -1 : 1;
	if (by->x[i] != by->x[j])
		return by->x[i] < by->x[j] ? -1 : 1;
	return i < j ? -1 : i > j;
}

/* A local time as its date, and its time of day where ticks are hours. */
static char *
time_label(const ChartScale *scale, double seconds)
{
	double		since = seconds - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) *
		(double) SECS_PER_DAY;
	struct pg_tm tm;
	fsec_t		fsec;

	if (fabs(since) > LATEST ||
		timestamp2tm((Timestamp) (since * USECS_PER_SEC), NULL, &tm, &fsec, NULL,
					 NULL) != 0)
		return pstrdup("");
	if (scale->step >= 12 * MONTH_LENGTH)
		return psprintf("%04d", tm.tm_year);
	if (scale->step >= MONTH_LENGTH)
		return psprintf("%04d-%02d", tm.tm_year, tm.tm_mon);
	if (scale->step < SECS_PER_DAY)
		return psprintf("%02d-%02d %02d:%02d", tm.tm_mon, tm.tm_mday,
						tm.tm_hour, tm.tm_min);
	return psprintf("%04d-%02d-%02d", tm.tm_year, tm.tm_mon, tm.tm_mday);
}

/* Between ticks that fall on hours and days, months and years. */
static double
time_step(double range, int ticks)
{
	static const double steps[] = {
		60, 300, 900, 3600, 10800, 21600, SECS_PER_DAY, 2 * SECS_PER_DAY,
		7 * SECS_PER_DAY, 14 * SECS_PER_DAY, MONTH_LENGTH, 2 * MONTH_LENGTH, 3 * MONTH_LENGTH,
		6 * MONTH_LENGTH, 12 * MONTH_LENGTH
	};
	double		wanted = range / ticks;

	for (int i = 0; i < (int) lengthof(steps); i++)
		if (steps[i] >= 0.9 * wanted)
			return steps[i];
	return ceil(wanted / (12 * MONTH_LENGTH)) * 12 * MONTH_LENGTH;
}

/* Seconds at which the n-th month from the year 0 on begins. */
static double
month_start(double n)
{
	int			year = (int) floor(n / 12);

	return (date2j(year, (int) (n - 12.0 * year) + 1, 1) - UNIX_EPOCH_JDATE) *
		(double) SECS_PER_DAY;
}

/* Where tick i is: the first of a month, or a whole number of steps. */
static double
time_tick(const ChartScale *scale, int i)
{
	double		months = rint(scale->step / MONTH_LENGTH);
	double		first;

	if (scale->step < MONTH_LENGTH)
		return ceil(scale->low / scale->step - 1e-9) * scale->step +
			i * scale->step;
	first = floor((scale->low / MONTH_LENGTH + 1970 * 12 - 2) / months) * months;
	while (month_start(first) < scale->low)
		first += months;
	return month_start(first + i * months);
}

/* The ends of a scale of times are the data's own. */
static ChartScale
scale_of_times(double low, double high, int ticks)
{
	ChartScale	scale = {0};

	low = Max(Min(low, LATEST_UNIX), -LATEST_UNIX);
	high = Max(Min(high, LATEST_UNIX), -LATEST_UNIX);
	if (high <= low)
		high = low + SECS_PER_DAY;
	scale.low = low;
	scale.high = high;
	scale.step = time_step(high - low, ticks);
	while (time_tick(&scale, scale.n_ticks) <= high)
		scale.n_ticks++;
	return scale;
}

static void
set_scales(Lines *lines, double top)
{
	bool		any_x = false;
	bool		any_y = false;
	double		x_low = 0;
	double		x_high = 1;
	double		low = 0;
	double		high = 1;
	int			ticks = (int) Max(lines->frame.width / 100, 2);

	for (int i = 0; i < lines->x.n; i++)
	{
		widen(lines->x.value[i], &any_x, &x_low, &x_high);
		widen(lines->y.value[i], &any_y, &low, &high);
		if (lines->low.n > 0)
		{
			widen(lines->low.value[i], &any_y, &low, &high);
			widen(lines->high.value[i], &any_y, &low, &high);
		}
	}
	if (low > 0)
		low = 0;
	if (lines->times)
		lines->across = scale_of_times(x_low, x_high, ticks);
	else
		lines->across = affinity_chart_scale(x_low, x_high, ticks * 2);
	if (!lines->times && x_high > x_low)
	{
		/* no empty step at the ends */
		lines->across.high = x_high;
		while (lines->across.n_ticks > 1 && lines->across.low +
			   (lines->across.n_ticks - 1) * lines->across.step > x_high)
			lines->across.n_ticks--;
	}
	lines->up = affinity_chart_scale(low, high, 5);
	lines->up.from = top + PLOT_HEIGHT;
	lines->up.to = top;
	lines->across.from = CHART_MARGIN +
		affinity_chart_values_width(&lines->up, lines->frame.percent);
	lines->across.to = lines->frame.width - CHART_MARGIN - 8;
}

static void
draw_axes(StringInfo svg, const Lines *lines, const char *x_label)
{
	const ChartScale *across = &lines->across;
	double		y = lines->up.from + CHART_LINE;
	double		free_from = 0;

	affinity_chart_values(svg, &lines->up, across->from, across->to,
						  lines->frame.percent);
	for (int i = 0; i < across->n_ticks; i++)
	{
		double		value = lines->times ? time_tick(across, i) :
			across->low + i * across->step;
		char	   *label = lines->times ? time_label(across, value) :
			affinity_chart_tick(value, across->step, false);
		double		half = affinity_chart_text_width(label) / 2;
		double		x = affinity_chart_place(across, value);

		x = Max(Min(x, lines->frame.width - half - 2), half + 2);
		if (x - half < free_from)
			continue;
		affinity_chart_text(svg, "m", x, y, CHART_MIDDLE, label);
		free_from = x + half + 10;
	}
	if (x_label)
		affinity_chart_text(svg, "m", across->to, y + CHART_LINE, CHART_END,
							affinity_chart_fit(x_label,
											   across->to - across->from));
}

static void
add_point(StringInfo svg, const Lines *lines, int entry, double value,
		  char command)
{
	appendStringInfo(svg, "%c%.1f %.1f", command,
					 affinity_chart_place(&lines->across,
										  lines->x.value[entry]),
					 affinity_chart_place(&lines->up, value));
}

static bool
is_point(const Lines *lines, int place, int series)
{
	int			entry;

	if (place < 0 || place >= lines->x.n)
		return false;
	entry = lines->order[place];
	return lines->series.of[entry] == series &&
		!isnan(lines->x.value[entry]) && !isnan(lines->y.value[entry]);
}

/* A point between gaps is no path: it is a dot. */
static void
draw_dots(StringInfo svg, const Lines *lines, int first, int end, int series)
{
	for (int i = first; i < end; i++)
	{
		int			entry = lines->order[i];

		affinity_base_look_up(i);
		if (!is_point(lines, i, series) || is_point(lines, i - 1, series) ||
			is_point(lines, i + 1, series))
			continue;
		appendStringInfo(svg,
						 "<circle class=\"f%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\">",
						 series % CHART_COLORS,
						 affinity_chart_place(&lines->across,
											  lines->x.value[entry]),
						 affinity_chart_place(&lines->up,
											  lines->y.value[entry]));
		affinity_chart_tip(svg, lines->series.name[series]);
		appendStringInfoString(svg, "</circle>\n");
	}
}

/* One path; a value that is NULL is a gap. */
static void
draw_path(StringInfo svg, const Lines *lines, int first, int end, int series)
{
	double		last = NAN;

	appendStringInfo(svg, "<path class=\"l s%d\"%s d=\"",
					 series % CHART_COLORS,
					 series >= CHART_COLORS ? " stroke-dasharray=\"5 3\"" : "");
	for (int i = first; i < end; i++)
	{
		int			entry = lines->order[i];
		double		value = lines->y.value[entry];

		affinity_base_look_up(i);
		if (!isnan(value) && !isnan(lines->x.value[entry]))
		{
			if (lines->steps && !isnan(last))
				add_point(svg, lines, entry, last, 'L');
			add_point(svg, lines, entry, value, isnan(last) ? 'M' : 'L');
		}
		last = value;
	}
	appendStringInfoString(svg, "\">");
	affinity_chart_tip(svg, lines->series.name[series]);
	appendStringInfoString(svg, "</path>\n");
}

static bool
has_band(const Lines *lines, int entry)
{
	return !isnan(lines->low.value[entry]) && !isnan(lines->high.value[entry]) &&
		!isnan(lines->x.value[entry]);
}

/* The area between the bounds, of each run of entries that have both. */
static void
draw_band(StringInfo svg, const Lines *lines, int first, int end, int series)
{
	for (int i = first; i < end; i++)
	{
		int			begin = i;

		while (i < end && has_band(lines, lines->order[i]))
			i++;
		if (i - begin < 2)
			continue;
		appendStringInfo(svg, "<path class=\"b f%d\" d=\"",
						 series % CHART_COLORS);
		for (int j = begin; j < i; j++)
		{
			if (lines->steps && j > begin)
				add_point(svg, lines, lines->order[j],
						  lines->high.value[lines->order[j - 1]], 'L');
			add_point(svg, lines, lines->order[j],
					  lines->high.value[lines->order[j]], j == begin ? 'M' : 'L');
		}
		for (int j = i - 1; j >= begin; j--)
		{
			add_point(svg, lines, lines->order[j],
					  lines->low.value[lines->order[j]], 'L');
			if (lines->steps && j > begin)
				add_point(svg, lines, lines->order[j],
						  lines->low.value[lines->order[j - 1]], 'L');
		}
		appendStringInfoString(svg, "Z\"/>\n");
	}
}

static void
sort_entries(Lines *lines)
{
	ByColumns	by = {lines->series.of, lines->x.value};
	double	   *x = affinity_base_array(lines->x.n, sizeof(double));

	lines->order = affinity_base_array(lines->x.n, sizeof(int));
	for (int i = 0; i < lines->x.n; i++)
	{
		lines->order[i] = i;
		x[i] = isnan(lines->x.value[i]) ? INFINITY : lines->x.value[i];
	}
	by.x = x;
	qsort_arg(lines->order, lines->x.n, sizeof(int), by_series_and_x, &by);
	pfree(x);
}

static Datum
draw(Lines *lines, const char *x_label, bool legend)
{
	StringInfoData svg;
	double		head = affinity_chart_head(&lines->frame);
	double		top = head + 8;
	char	   *summary;

	if (legend)
		top += affinity_chart_legend_height(&lines->frame, lines->series.n,
											lines->series.name);
	set_scales(lines, top);
	sort_entries(lines);
	summary = psprintf("%d %s with %d points; values from %s to %s.",
					   lines->series.n,
					   lines->series.n == 1 ? "curve" : "curves", lines->x.n,
					   affinity_chart_number(lines->up.low, lines->frame.percent),
					   affinity_chart_number(lines->up.high, lines->frame.percent));
	affinity_chart_open(&svg, &lines->frame,
						top + PLOT_HEIGHT + CHART_LINE + CHART_MARGIN +
						(x_label ? CHART_LINE : 0), "Curves", summary);
	if (legend)
		affinity_chart_legend(&svg, &lines->frame, head, lines->series.n,
							  lines->series.name, "l");
	draw_axes(&svg, lines, x_label);
	for (int pass = 0; pass < 2; pass++)
		for (int first = 0; first < lines->x.n;)
		{
			int			series = lines->series.of[lines->order[first]];
			int			end = first;

			while (end < lines->x.n &&
				   lines->series.of[lines->order[end]] == series)
				end++;
			if (pass == 1)
			{
				draw_path(&svg, lines, first, end, series);
				draw_dots(&svg, lines, first, end, series);
			}
			else if (lines->low.n > 0)
				draw_band(&svg, lines, first, end, series);
			first = end;
		}
	return affinity_chart_close(&svg);
}

/*
 * chart_lines(x, y, series, low, high, steps, times, x_label, frame ...)
 */
Datum
affinity_chart_lines(PG_FUNCTION_ARGS)
{
	ChartStrings series = affinity_chart_strings(fcinfo, 2);
	Lines		lines = {.frame = affinity_chart_frame(fcinfo, 8)};
	bool		legend = series.n > 0;
	char	   *x_label = NULL;

	lines.x = affinity_chart_numbers(fcinfo, 0, "x");
	lines.y = affinity_chart_numbers(fcinfo, 1, "y");
	lines.low = affinity_chart_numbers(fcinfo, 3, "low");
	lines.high = affinity_chart_numbers(fcinfo, 4, "high");
	lines.steps = !PG_ARGISNULL(5) && PG_GETARG_BOOL(5);
	lines.times = !PG_ARGISNULL(6) && PG_GETARG_BOOL(6);
	affinity_chart_same_length("x", lines.x.n, "y", lines.y.n);
	affinity_chart_limit(lines.x.n, MAX_POINTS, "points",
						 "Take longer periods: GROUP BY date_trunc('week', at).");
	if (lines.low.n > 0 || lines.high.n > 0)
	{
		affinity_chart_same_length("x", lines.x.n, "low", lines.low.n);
		affinity_chart_same_length("x", lines.x.n, "high", lines.high.n);
	}
	if (lines.x.n == 0)
		PG_RETURN_DATUM(affinity_chart_empty(&lines.frame, "Curves"));
	if (!legend)
	{
		series.n = lines.x.n;
		series.value = affinity_base_zeroed_array(series.n, sizeof(char *));
	}
	affinity_chart_same_length("x", lines.x.n, "series", series.n);
	lines.series = affinity_chart_names(&series);
	affinity_chart_limit(lines.series.n, MAX_SERIES, "series",
						 "Take those that matter most: ORDER BY ... LIMIT 8.");
	if (!PG_ARGISNULL(7))
		x_label = affinity_chart_string(PG_GETARG_TEXT_PP(7));
	PG_RETURN_DATUM(draw(&lines, x_label, legend));
}
