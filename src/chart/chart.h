/*
 * chart.h
 *		Pictures: arrays in, a text of SVG out. Private to the room.
 *
 *		All text within is UTF-8 whatever the encoding of the database; svg.c
 *		writes it so that every encoding can hold it.
 */
#ifndef AFFINITY_CHART_H
#define AFFINITY_CHART_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"

#include "base/base.h"

/* What a value beyond this would do to sums and ranges. */
#define CHART_MAX_VALUE 1e300

#define CHART_FONT 12.0			/* px, of all text but the title */
#define CHART_LINE 16.0			/* px from line to line */
#define CHART_MARGIN 16.0
#define CHART_COLORS 8			/* of svg.c's style sheet */

/* args.c: arrays of one length, an entry for each mark of the picture. */
typedef struct ChartStrings
{
	int			n;
	char	  **value;			/* UTF-8; NULL where the entry is */
} ChartStrings;

typedef struct ChartNumbers
{
	int			n;
	double	   *value;			/* NaN where the entry is NULL */
} ChartNumbers;

/* The arguments that all pictures end with. */
typedef struct ChartFrame
{
	char	   *title;			/* NULL: none */
	char	   *description;	/* NULL: none */
	double		width;
	bool		percent;		/* values are shares: 0.25 is 25 % */
} ChartFrame;

extern char *affinity_chart_string(text *value);
extern ChartStrings affinity_chart_strings(FunctionCallInfo fcinfo, int arg);
extern ChartNumbers affinity_chart_numbers(FunctionCallInfo fcinfo, int arg,
										   const char *name);
extern bool *affinity_chart_flags(FunctionCallInfo fcinfo, int arg,
								  const char *name, const char *first,
								  int n);
extern void affinity_chart_same_length(const char *first, int n_first,
									   const char *name, int n);
extern void affinity_chart_limit(int64 n, int64 limit, const char *what,
								 const char *hint);
extern ChartFrame affinity_chart_frame(FunctionCallInfo fcinfo, int arg);

/* names.c: labels that occur more than once, numbered as they first occur. */
typedef struct ChartNames
{
	int			n;
	char	  **name;			/* by number */
	int		   *of;				/* by entry: its number */
} ChartNames;

extern ChartNames affinity_chart_names(const ChartStrings *strings);
extern void affinity_chart_order_numbers(ChartNames *names, int n_entries);

/* scale.c: numbers to places and to text. */
typedef struct ChartScale
{
	double		low;			/* values at the ends */
	double		high;
	double		from;			/* px at the ends */
	double		to;
	double		step;			/* between ticks; the first is low */
	int			n_ticks;
} ChartScale;

extern ChartScale affinity_chart_scale(double low, double high, int ticks);

static inline double
affinity_chart_place(const ChartScale *scale, double value)
{
	return scale->from + (value - scale->low) / (scale->high - scale->low) *
		(scale->to - scale->from);
}

extern char *affinity_chart_number(double value, bool percent);
extern char *affinity_chart_tick(double value, double step, bool percent);

/* svg.c: the document and what is drawn in it. */
typedef enum ChartAnchor
{
	CHART_START, CHART_MIDDLE, CHART_END
} ChartAnchor;

extern double affinity_chart_text_width(const char *text);
extern char *affinity_chart_fit(const char *text, double width);
extern double affinity_chart_widest(int n, char *const *text, double most);
extern double affinity_chart_head(const ChartFrame *frame);
extern void affinity_chart_open(StringInfo svg, const ChartFrame *frame,
								double height, const char *kind,
								const char *summary);
extern Datum affinity_chart_close(StringInfo svg);
extern Datum affinity_chart_empty(const ChartFrame *frame, const char *kind);
extern void affinity_chart_escape(StringInfo svg, const char *text);
extern void affinity_chart_tip(StringInfo svg, const char *text);
extern void affinity_chart_text(StringInfo svg, const char *classes, double x,
								double y, ChartAnchor anchor,
								const char *text);
extern void affinity_chart_rect(StringInfo svg, const char *classes, double x,
								double y, double width, double height,
								const char *tip);
extern void affinity_chart_line(StringInfo svg, const char *classes, double x1,
								double y1, double x2, double y2);

/* axis.c: what several pictures have around their marks. */
extern double affinity_chart_legend_height(const ChartFrame *frame, int n,
										   char *const *name);
extern void affinity_chart_legend(StringInfo svg, const ChartFrame *frame,
								  double y, int n, char *const *name,
								  const char *mark);
extern double affinity_chart_values_width(const ChartScale *scale,
										  bool percent);
extern void affinity_chart_values(StringInfo svg, const ChartScale *scale,
								  double left, double right, bool percent);
extern void affinity_chart_labels(StringInfo svg, const ChartFrame *frame,
								  int n, char *const *label, double left,
								  double step, double y);

#endif							/* AFFINITY_CHART_H */
