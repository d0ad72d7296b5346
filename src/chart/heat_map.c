/*
 * heat_map.c
 *		A table of values as colors: cohorts by periods, days by hours.
 *
 *		Cells have a color of their own, the same on light and dark pages, and
 *		black or white text, whichever has the greater contrast.
 */
#include "postgres.h"

#include <math.h>

#include "chart/chart.h"

PG_FUNCTION_INFO_V1(affinity_chart_heat_map);

#define MAX_CELLS 100000
#define CELL_HEIGHT 24.0
#define SMALL_HEIGHT 16.0		/* where there are many rows */
#define MANY_ROWS 60

/* From the least to the greatest value; between these, in a straight line. */
static const uint8 colors[][3] = {
	{0xed, 0xf4, 0xfb}, {0xbd, 0xd7, 0xee}, {0x7f, 0xb4, 0xdd},
	{0x3f, 0x85, 0xbf}, {0x14, 0x56, 0x93}, {0x08, 0x2f, 0x62}
};

typedef struct HeatMap
{
	ChartFrame	frame;
	ChartNames	rows;
	ChartNames	columns;
	ChartNumbers values;
	bool	   *incomplete;		/* by entry */
	bool		any_incomplete;
	double		low;			/* of the values */
	double		high;
	double		left;			/* where the cells begin */
	double		top;
	double		cell_width;
	double		cell_height;
} HeatMap;

/* The color at a share of the way from the least to the greatest. */
static void
color_at(double share, uint8 rgb[3])
{
	double		at = share * (lengthof(colors) - 1);
	int			below = Min((int) at, (int) lengthof(colors) - 2);

	for (int i = 0; i < 3; i++)
		rgb[i] = (uint8) rint(colors[below][i] + (at - below) *
							  (colors[below + 1][i] - colors[below][i]));
}

/* Relative luminance, as WCAG 2 defines it. */
static double
luminance(const uint8 rgb[3])
{
	static const double share[] = {0.2126, 0.7152, 0.0722};
	double		sum = 0;

	for (int i = 0; i < 3; i++)
	{
		double		c = rgb[i] / 255.0;

		sum += share[i] * (c <= 0.03928 ? c / 12.92 :
						   pow((c + 0.055) / 1.055, 2.4));
	}
	return sum;
}

/* White on it has more contrast than black: (1 + .05) / l > l / (0 + .05). */
static const char *
text_class(const uint8 rgb[3])
{
	double		l = luminance(rgb) + 0.05;

	return 1.05 / l > l / 0.05 ? "off" : "on";
}

/* A row and a column that come twice would hide each other. */
static void
check_cells(const HeatMap *map)
{
	int64		n_cells = (int64) map->rows.n * map->columns.n;
	bool	   *seen;

	affinity_chart_limit(n_cells, MAX_CELLS, "cells",
						 "Take longer periods, or fewer rows: WHERE cohort >= current_date - 365.");
	seen = palloc0(n_cells);
	for (int i = 0; i < map->values.n; i++)
	{
		int64		cell = (int64) map->rows.of[i] * map->columns.n +
			map->columns.of[i];

		if (seen[cell])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("row \"%.100s\", column \"%.100s\" has more than one value",
							map->rows.name[map->rows.of[i]],
							map->columns.name[map->columns.of[i]]),
					 errhint("Group the rows of the query by both, so that each pair comes once.")));
		seen[cell] = true;
	}
	pfree(seen);
}

static void
find_range(HeatMap *map)
{
	bool		any = false;

	map->low = map->high = 0;
	for (int i = 0; i < map->values.n; i++)
	{
		double		value = map->values.value[i];

		if (isnan(value))
			continue;
		map->low = any ? Min(map->low, value) : value;
		map->high = any ? Max(map->high, value) : value;
		any = true;
	}
}

static void
lay_out(HeatMap *map)
{
	double		most = map->frame.width * 0.35;

	map->left = CHART_MARGIN + 8 +
		affinity_chart_widest(map->rows.n, map->rows.name, most);
	map->top = affinity_chart_head(&map->frame) + CHART_LINE + 4;
	map->cell_width = (map->frame.width - CHART_MARGIN - map->left) /
		map->columns.n;
	map->cell_height = map->rows.n > MANY_ROWS ? SMALL_HEIGHT : CELL_HEIGHT;
}

/* In a cell percent are whole and without their sign, which the corner has. */
static char *
in_cell(const HeatMap *map, double value)
{
	if (map->frame.percent)
		return affinity_chart_number(rint(value * 100), false);
	return affinity_chart_number(value, false);
}

static void
draw_cell(StringInfo svg, const HeatMap *map, int i)
{
	double		value = map->values.value[i];
	double		x = map->left + map->columns.of[i] * map->cell_width;
	double		y = map->top + map->rows.of[i] * map->cell_height;
	double		gap = map->cell_width > 6 ? 2 : 0;
	char	   *shown = affinity_chart_number(value, map->frame.percent);
	char	   *inside = in_cell(map, value);
	uint8		rgb[3];
	double		range = map->high - map->low;

	color_at(range > 0 ? (value - map->low) / range : 0.5, rgb);
	appendStringInfo(svg,
					 "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"2\" fill=\"#%02x%02x%02x\"%s>",
					 x, y, map->cell_width - gap, map->cell_height - 2,
					 rgb[0], rgb[1], rgb[2],
					 map->incomplete[i] ?
					 " class=\"e d\"" : "");
	affinity_chart_tip(svg, psprintf("%s, %s: %s%s",
									 map->rows.name[map->rows.of[i]],
									 map->columns.name[map->columns.of[i]],
									 shown,
									 map->incomplete[i] ? " (not complete)" : ""));
	appendStringInfoString(svg, "</rect>\n");
	if (affinity_chart_text_width(inside) <= map->cell_width - gap - 2)
		affinity_chart_text(svg, text_class(rgb),
							x + (map->cell_width - gap) / 2,
							y + map->cell_height / 2 + 3, CHART_MIDDLE, inside);
}

static Datum
draw(const HeatMap *map)
{
	StringInfoData svg;
	double		bottom = map->top + map->rows.n * map->cell_height;
	char	   *summary = psprintf("Heat map of %d rows and %d columns; values from %s to %s.",
								   map->rows.n, map->columns.n,
								   affinity_chart_number(map->low, map->frame.percent),
								   affinity_chart_number(map->high, map->frame.percent));

	affinity_chart_open(&svg, &map->frame,
						bottom + (map->any_incomplete ? CHART_LINE + 4 : 0) +
						CHART_MARGIN - 2, "Heat map", summary);
	affinity_chart_labels(&svg, &map->frame, map->columns.n, map->columns.name, map->left,
						  map->cell_width, map->top - 6);
	if (map->frame.percent)
		affinity_chart_text(&svg, "m", map->left - 8, map->top - 6, CHART_END,
							"%");
	for (int i = 0; i < map->rows.n; i++)
		affinity_chart_text(&svg, "t", CHART_MARGIN,
							map->top + (i + 0.5) * map->cell_height + 3,
							CHART_START,
							affinity_chart_fit(map->rows.name[i],
											   map->left - CHART_MARGIN - 7.9));
	for (int i = 0; i < map->values.n; i++)
	{
		affinity_base_look_up(i);
		if (!isnan(map->values.value[i]))
			draw_cell(&svg, map, i);
	}
	if (map->any_incomplete)
		affinity_chart_text(&svg, "m", CHART_MARGIN, bottom + CHART_LINE,
							CHART_START,
							"dashed: the period was not over yet");
	return affinity_chart_close(&svg);
}

/* chart_heat_map(row_labels, column_labels, values, incomplete, frame ...) */
Datum
affinity_chart_heat_map(PG_FUNCTION_ARGS)
{
	ChartStrings rows = affinity_chart_strings(fcinfo, 0);
	ChartStrings columns = affinity_chart_strings(fcinfo, 1);
	HeatMap		map = {.frame = affinity_chart_frame(fcinfo, 4)};

	map.values = affinity_chart_numbers(fcinfo, 2, "values");
	affinity_chart_same_length("row_labels", rows.n, "column_labels",
							   columns.n);
	affinity_chart_same_length("row_labels", rows.n, "values", map.values.n);
	map.incomplete = affinity_chart_flags(fcinfo, 3, "incomplete",
										  "row_labels", rows.n);
	if (rows.n == 0)
		PG_RETURN_DATUM(affinity_chart_empty(&map.frame, "Heat map"));
	map.rows = affinity_chart_names(&rows);
	map.columns = affinity_chart_names(&columns);
	affinity_chart_order_numbers(&map.rows, rows.n);
	affinity_chart_order_numbers(&map.columns, columns.n);
	for (int i = 0; i < rows.n; i++)
		map.any_incomplete |= map.incomplete[i] && !isnan(map.values.value[i]);
	check_cells(&map);
	find_range(&map);
	lay_out(&map);
	PG_RETURN_DATUM(draw(&map));
}
