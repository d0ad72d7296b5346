/*
 * interval.c
 *		Spans of time given as text.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/base.h"

/*
 * The number at the end of a text that has no unit, which PostgreSQL would
 * take for seconds (after P for years, after PT for hours), or NULL. Times of
 * day ("1:30") and years with months ("1-6") say what they are; 0 is 0.
 */
char *
affinity_base_lacks_unit(const char *text)
{
	const char *end = text + strlen(text);
	const char *start;
	bool		above_0 = false;

	while (end > text && !isalnum((unsigned char) end[-1]))
		end--;
	start = end;
	while (start > text &&
		   (isdigit((unsigned char) start[-1]) || start[-1] == '.'))
		above_0 |= *--start > '0';
	if (!above_0 || (start > text && start[-1] == ':') ||
		(start - text > 1 && start[-1] == '-' &&
		 isdigit((unsigned char) start[-2])))
		return NULL;
	return pnstrdup(start, end - start);
}

/* What PostgreSQL makes of it. */
Interval *
affinity_base_interval(const char *text)
{
	return DatumGetIntervalP(DirectFunctionCall3(interval_in,
												 CStringGetDatum(text),
												 ObjectIdGetDatum(InvalidOid),
												 Int32GetDatum(-1)));
}

/*
 * Microseconds, as EXTRACT(epoch) counts them: a year has 365.25 days, a month
 * beside years 30. An infinite one, which PostgreSQL has since 17, is beyond
 * everything.
 */
double
affinity_base_interval_length(const Interval *interval)
{
	double		days = interval->day +
		interval->month / MONTHS_PER_YEAR * DAYS_PER_YEAR +
		interval->month % MONTHS_PER_YEAR * (double) DAYS_PER_MONTH;

	if (affinity_base_interval_is_infinite(interval))
		return interval->month < 0 ? -HUGE_VAL : HUGE_VAL;
	return (double) interval->time + days * (double) USECS_PER_DAY;
}
