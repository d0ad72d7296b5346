/*
 * pattern.c
 *		The pattern language of ClickHouse's sequenceMatch.
 *
 *		(?N)		an event that satisfies condition N
 *		.			any event
 *		.*			any number of events
 *		(?tOP S)	any number of events, and S seconds between the events of
 *					the steps before and after it; OP is <=, <, >=, > or ==
 *
 * Spaces between elements are ignored.
 */
#include "postgres.h"

#include "common/int.h"
#include "datatype/timestamp.h"

#include "sequence/sequence.h"

typedef struct Parser
{
	const char *text;
	const char *at;
	const char *end;
	int			n_conditions;
	int			sqlstate;		/* of an error in the pattern */
	int64		unit;			/* of times, in a second */
	AffinityPattern *pattern;
	AffinityPatternStep next;	/* what is known of the step to come */
	bool		has_time;		/* next has a bound that needs a step */
} Parser;

static void
fail(const Parser *p, const char *why)
{
	ereport(ERROR,
			(errcode(p->sqlstate),
			 errmsg("invalid sequence pattern at character %d: %s",
					(int) (p->at - p->text) + 1, why),
			 errhint("A pattern consists of (?N), ., .* and (?t<=SECONDS); "
					 "for example '(?1)(?t<=3600)(?2)'.")));
}

static bool
eat(Parser *p, const char *token)
{
	Size		len = strlen(token);

	if ((Size) (p->end - p->at) < len || memcmp(p->at, token, len) != 0)
		return false;
	p->at += len;
	return true;
}

static int64
eat_number(Parser *p)
{
	int64		number = 0;
	const char *start = p->at;

	while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
	{
		if (pg_mul_s64_overflow(number, 10, &number) ||
			pg_add_s64_overflow(number, *p->at - '0', &number))
			fail(p, "the number is too large");
		p->at++;
	}
	if (p->at == start)
		fail(p, "a number is missing");
	return number;
}

static void
reset_next(Parser *p)
{
	p->next.gap = false;
	p->next.least = 0;
	p->next.most = PG_UINT64_MAX;
	p->has_time = false;
}

static void
add_step(Parser *p, int condition)
{
	AffinityPattern *pattern = p->pattern;

	if (pattern->n_steps == AFFINITY_MAX_STEPS)
		fail(p, "it has more than 64 steps");
	p->next.condition = condition;
	pattern->step[pattern->n_steps++] = p->next;
	reset_next(p);
}

/* What follows "(?t": bounds of a time, both of which belong to it. */
static void
parse_time(Parser *p)
{
	const char *start = p->at;
	bool		most = eat(p, "<");
	bool		least = !most && eat(p, ">");
	bool		same = !most && !least && eat(p, "=");
	bool		equal = eat(p, "=");
	int64		time;

	if (!(most || least || (same && equal)))
		fail(p, "after (?t there must be <=, <, >=, > or ==");
	if (p->pattern->n_steps == 0)
	{
		p->at = start;
		fail(p, "a time must stand between two events");
	}
	if (pg_mul_s64_overflow(eat_number(p), p->unit, &time))
		fail(p, "the time is too large");
	if (!eat(p, ")"))
		fail(p, "a closing parenthesis is missing");

	p->has_time = true;
	p->next.gap = true;
	if (least)
		p->next.least = Max(p->next.least, (uint64) time + !equal);
	else if (same)
	{
		p->next.least = Max(p->next.least, (uint64) time);
		p->next.most = Min(p->next.most, (uint64) time);
	}
	else if (equal || time > 0)
		p->next.most = Min(p->next.most, (uint64) time - !equal);
	else
	{
		/* less than no time: never */
		p->next.least = 1;
		p->next.most = 0;
	}
}

static void
parse_condition(Parser *p)
{
	const char *start = p->at;
	int64		number = eat_number(p);

	if (number < 1 || number > p->n_conditions)
	{
		p->at = start;
		fail(p, "there is no condition of this number");
	}
	if (!eat(p, ")"))
		fail(p, "a closing parenthesis is missing");
	add_step(p, (int) number - 1);
}

void
affinity_sequence_pattern_parse(const char *text, Size len,
								int n_conditions, EventTime kind,
								int sqlstate, AffinityPattern *pattern)
{
	Parser		p;

	p.text = p.at = text;
	p.end = text + len;
	p.n_conditions = n_conditions;
	p.sqlstate = sqlstate;
	p.unit = kind == EVENT_TIME_INTEGER ? 1 : USECS_PER_SEC;
	p.pattern = pattern;
	pattern->n_steps = 0;
	reset_next(&p);
	while (p.at < p.end)
	{
		if (eat(&p, " "))
			continue;
		if (eat(&p, "(?t"))
			parse_time(&p);
		else if (eat(&p, "(?"))
			parse_condition(&p);
		else if (eat(&p, ".*"))
			p.next.gap = true;
		else if (eat(&p, "."))
			add_step(&p, -1);
		else
			fail(&p, "neither (?N), . , .* nor (?t...)");
	}
	if (p.has_time)
		fail(&p, "a time must stand between two events");
}

/* The pattern that a state has. */
void
affinity_sequence_pattern_of(const EventLog *log, int sqlstate,
							 AffinityPattern *pattern)
{
	const EventKind *kind = affinity_eventlog_kind(log);
	uint32		len;
	const char *text = affinity_eventlog_options(log, &len);

	affinity_sequence_pattern_parse(text, len, kind->n_conditions,
									(EventTime) kind->time_kind, sqlstate,
									pattern);
}
