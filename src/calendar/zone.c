/*
 * zone.c
 *		Time zones: by the name that a state has or an argument gives, and
 *		whether two are the same by their rules.
 */
#include "postgres.h"

#include <time.h>

#include "common/int.h"
#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "calendar/calendar.h"

#define EPOCH_SHIFT_S \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

/*
 * Rules are compared up to 2370: they repeat after 400 years, and lists of
 * changes end before.
 */
#define RULES_END ((int64) 370 * 146097 / 400 * AFFINITY_DAY_US)

/* A place of the cache of pairs of zones that were compared. */
typedef struct ZonePair
{
	const pg_tz *a;
	const pg_tz *b;
	bool		same;
} ZonePair;

#define ZONE_PAIRS 64

static ZonePair zone_pair[ZONE_PAIRS];

/* NULL: there is no such zone. */
static pg_tz *
find_zone(const char *name)
{
	pg_tz	   *tz = NULL;

	if (name[0] != '\0' && strlen(name) <= TZ_STRLEN_MAX)
		tz = pg_tzset(name);
	return tz != NULL && pg_tz_acceptable(tz) ? tz : NULL;
}

/* The zone of a name that a state has. */
pg_tz *
affinity_calendar_zone(const char *name)
{
	pg_tz	   *tz = find_zone(name);

	if (tz == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown time zone: \"%.300s\"", name),
				 errhint("The view pg_timezone_names lists the names, such as Europe/Berlin.")));
	return tz;
}

/* A fixed offset (s east of UTC) as a POSIX zone: <CET>-1. */
static char *
fixed_name(const char *abbreviation, int offset)
{
	char	   *upper = pstrdup(abbreviation);
	int			seconds = abs(offset);
	char	   *name;

	for (char *c = upper; *c != '\0'; c++)
		*c = (char) pg_toupper((unsigned char) *c);
	name = psprintf("<%s>%c%d", upper, offset > 0 ? '-' : '+',
					seconds / SECS_PER_HOUR);
	if (seconds % SECS_PER_HOUR != 0)
		name = psprintf("%s:%02d", name,
						seconds % SECS_PER_HOUR / SECS_PER_MINUTE);
	if (seconds % SECS_PER_MINUTE != 0)
		name = psprintf("%s:%02d", name, seconds % SECS_PER_MINUTE);
	return name;
}

/* An abbreviation of a fixed offset, unless it names a zone that is that. */
static pg_tz *
fixed_zone(const char *name, int offset)
{
	pg_tz	   *tz = find_zone(name);
	long		of_zone;

	if (tz != NULL && pg_get_timezone_offset(tz, &of_zone) &&
		of_zone == offset)
		return tz;
	return affinity_calendar_zone(fixed_name(name, offset));
}

/*
 * An abbreviation that depends on the time: the zone itself, unless that
 * calls some of its offsets so. Then there is no zone that would be like it.
 */
static pg_tz *
dynamic_zone(const char *name, pg_tz *tz)
{
	char	   *upper = pstrdup(name);
	pg_time_t	now = (pg_time_t) time(NULL);
	long		offset;
	int			is_dst;

	for (char *c = upper; *c != '\0'; c++)
		*c = (char) pg_toupper((unsigned char) *c);
	if (pg_interpret_timezone_abbrev(upper, &now, &offset, &is_dst, tz))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone abbreviation \"%s\" has had different offsets from UTC",
						name),
				 errhint("Use the time zone '%s', or an offset that is always the same, '%s'.",
						 pg_get_timezone_name(tz),
						 fixed_name(name, (int) offset))));
	return tz;
}

/*
 * The zone that an argument means, as AT TIME ZONE takes it: an abbreviation,
 * a name, or POSIX rules.
 */
pg_tz *
affinity_calendar_zone_arg(const char *name)
{
	char	   *lower = downcase_truncate_identifier(name, (int) strlen(name),
													 false);
	int			offset = 0;
	pg_tz	   *tz = NULL;

	switch (affinity_base_zone_abbreviation(lower, &offset, &tz))
	{
		case TZ:
		case DTZ:
			return fixed_zone(name, offset);
		case DYNTZ:
			return dynamic_zone(name, tz);
		default:
			return affinity_calendar_zone(name);
	}
}

/*
 * Is a zone still what an argument means that meant it before? Zones stay
 * where they are, but abbreviations are a setting's. They have letters alone.
 */
bool
affinity_calendar_still_means(const pg_tz *tz, const text *zone)
{
	if (memchr(VARDATA_ANY(zone), '/', VARSIZE_ANY_EXHDR(zone)) != NULL)
		return true;
	return affinity_calendar_zone_arg(text_to_cstring(zone)) == tz;
}

/* us east of UTC */
int64
affinity_calendar_offset_at(pg_tz *tz, int64 at)
{
	pg_time_t	t = affinity_calendar_floor_div(at, USECS_PER_SEC) +
		EPOCH_SHIFT_S;
	struct pg_tm *tm = pg_localtime(&t, tz);

	return tm == NULL ? 0 : (int64) tm->tm_gmtoff * USECS_PER_SEC;
}

/* The next change of offset after a time, or PG_INT64_MAX. */
int64
affinity_calendar_next_change(pg_tz *tz, int64 at)
{
	pg_time_t	t = affinity_calendar_floor_div(at, USECS_PER_SEC) +
		EPOCH_SHIFT_S;
	pg_time_t	boundary;
	long		before,
				after;
	int			before_dst,
				after_dst;
	int64		change;

	if (pg_next_dst_boundary(&t, &before, &before_dst, &boundary, &after,
							 &after_dst, tz) != 1)
		return PG_INT64_MAX;
	if (pg_mul_s64_overflow(boundary - EPOCH_SHIFT_S, USECS_PER_SEC, &change))
		return PG_INT64_MAX;
	return change;
}

/* Have two zones the same offset at all times? */
static bool
same_rules(pg_tz *a, pg_tz *b)
{
	int64		at = MIN_TIMESTAMP;

	while (at < RULES_END)
	{
		if (affinity_calendar_offset_at(a, at) !=
			affinity_calendar_offset_at(b, at))
			return false;
		at = Min(affinity_calendar_next_change(a, at),
				 affinity_calendar_next_change(b, at));
	}
	return true;
}

/*
 * Are two zones the same by their rules, whatever they are called? Zones stay
 * where they are as long as the process lives, so a pair is compared once.
 */
bool
affinity_calendar_same_zone(const char *a, const char *b)
{
	pg_tz	   *of_a;
	pg_tz	   *of_b;
	ZonePair   *pair;
	uint64		place;

	if (strcmp(a, b) == 0)
		return true;
	of_a = find_zone(a);
	of_b = find_zone(b);
	if (of_a == NULL || of_b == NULL)
		return false;
	place = affinity_base_mix64((uintptr_t) of_a ^
								affinity_base_mix64((uintptr_t) of_b));
	pair = &zone_pair[place % ZONE_PAIRS];
	if (pair->a != of_a || pair->b != of_b)
	{
		pair->same = same_rules(of_a, of_b);
		pair->a = of_a;
		pair->b = of_b;
	}
	return pair->same;
}
