/*
 * series.h
 *		The state of type series: a sum for each period.
 */
#ifndef AFFINITY_FORECAST_SERIES_H
#define AFFINITY_FORECAST_SERIES_H

#include "postgres.h"

#include "fmgr.h"

#include "base/base.h"
#include "calendar/calendar.h"

/*
 * A part of a period's sum. At rest a period has as many as it takes for
 * their sum to be exact: the sum rounded, the rest rounded, and so on.
 */
typedef struct SeriesEntry
{
	int64		period;			/* of the calendar's numbers, or a number */
	double		part;
} SeriesEntry;

/*
 * A state. At rest its entries are in order of period and size, and nothing
 * follows them: equal contents are equal bytes. Under an aggregate it is
 * growing: entries at the end are in no order, and there is room behind them.
 */
typedef struct Series
{
	int32		vl_len_;		/* varlena header */
	uint32		magic;			/* SERIES_MAGIC */
	uint8		version;		/* SERIES_VERSION */
	uint8		growing;		/* 0 or 1 */
	uint8		unit;			/* PeriodUnit; 0: periods are numbers */
	uint8		zone_len;		/* of a time zone's name; 0: none */
	uint32		n;				/* entries */
	uint32		n_sorted;		/* of which so many are in order */
	uint32		unused;			/* 0 */
	char		data[FLEXIBLE_ARRAY_MEMBER];	/* the zone, then entries */
} Series;

#define SERIES_MAGIC 0x41465345
#define SERIES_VERSION 1
#define SERIES_HEADER offsetof(Series, data)
#define SERIES_ZONE(series) MAXALIGN((series)->zone_len)
#define SERIES_VALUE_MAX 1e300

static inline SeriesEntry *
affinity_forecast_entries(const Series *series)
{
	return (SeriesEntry *) (series->data + SERIES_ZONE(series));
}

static inline uint32
affinity_forecast_room(const Series *series)
{
	return (uint32) ((VARSIZE(series) - SERIES_HEADER - SERIES_ZONE(series)) /
					 sizeof(SeriesEntry));
}

/* series.c */
extern Series *affinity_forecast_series_new(uint8 unit, const char *zone);
extern Series *affinity_forecast_series_of(Datum value);
extern Series *affinity_forecast_series_add(Series *series, int64 period,
											double part);
extern Series *affinity_forecast_series_final(const Series *series);
extern Series *affinity_forecast_series_arg(FunctionCallInfo fcinfo, int arg);
extern const char *affinity_forecast_series_check(const Series *series);
extern char *affinity_forecast_series_zone(const Series *series);

#endif							/* AFFINITY_FORECAST_SERIES_H */
