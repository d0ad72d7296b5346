/*
 * journey.c
 *		From a user's rows to journeys: the touches before a conversion, and
 *		those that no conversion came after.
 *
 * - A touch is a row with a channel, or a row that did not convert: without a
 *   channel that is "(none)". A conversion's own channel is its last touch.
 * - A journey begins after the conversion before, unless touches are to be
 *   used again, and no longer before its conversion than the lookback.
 * - A conversion without touches has one, "(none)", at its own time.
 * - Touches that no conversion used are a journey without one; where more
 *   time than the lookback is between two of them, a new one begins.
 */
#include "postgres.h"

#include "attribution/attribution.h"

typedef struct Walker
{
	const JourneyOptions *options;
	JourneyUse	use;
	void	   *arg;
	uint64		user;
	Touch	   *touch;			/* without conversions that are none */
	uint32		n;
	uint32		used;			/* touches that are part of a journey */
} Walker;

static inline uint64
time_between(const Touch *from, int64 to)
{
	return (uint64) to - (uint64) from->at;
}

/* Touches up to `end` that no conversion used. */
static void
leave(Walker *w, uint32 end)
{
	Journey		journey = {0};

	journey.user = w->user;
	while (w->used < end)
	{
		uint32		n = 1;

		while (w->used + n < end &&
			   (w->options->lookback == 0 ||
				time_between(&w->touch[w->used + n - 1],
							 w->touch[w->used + n].at) <=
				w->options->lookback))
			n++;
		journey.touch = &w->touch[w->used];
		journey.n = n;
		journey.at = journey.touch[n - 1].at;
		w->use(&journey, w->arg);
		w->used += n;
	}
}

/* The first touch that a conversion may use. */
static uint32
first_of(const Walker *w, int64 at)
{
	uint32		low = w->options->reuse ? 0 : w->used;
	uint32		high = w->n;

	if (w->options->lookback == 0)
		return low;
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (time_between(&w->touch[middle], at) > w->options->lookback)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
convert(Walker *w, const Touch *conversion)
{
	Touch		none = {0};
	Journey		journey;
	uint32		first = first_of(w, conversion->at);

	leave(w, Max(first, w->used));
	none.at = conversion->at;
	journey.touch = first < w->n ? &w->touch[first] : &none;
	journey.n = first < w->n ? w->n - first : 1;
	journey.converted = true;
	journey.at = conversion->at;
	journey.value = conversion->value;
	journey.user = w->user;
	w->use(&journey, w->arg);
	w->used = w->n;
}

/* All journeys of a state, user by user. */
void
affinity_attribution_journeys(const Attribution *state,
							  const JourneyOptions *options, JourneyUse use,
							  void *arg)
{
	TouchReader reader;
	Walker		w = {0};

	w.options = options;
	w.use = use;
	w.arg = arg;
	affinity_attribution_read(&reader, state);
	while (affinity_attribution_next(&reader))
	{
		/* touches move up over rows that are none, which were read before */
		w.touch = reader.touch;
		w.n = 0;
		w.used = 0;
		for (uint32 i = 0; i < reader.n; i++)
		{
			Touch		row = reader.touch[i];

			affinity_base_look_up(i + 1);
			if (touch_is_touch(&row))
				w.touch[w.n++] = row;
			if ((row.what & TOUCH_CONVERTED) != 0)
				convert(&w, &row);
		}
		leave(&w, w.n);
		w.user++;
	}
	if (reader.touch != NULL)
		pfree(reader.touch);
}

/* Lookback and reuse of a report; without a lookback it is the state's. */
void
affinity_attribution_journey_options(FunctionCallInfo fcinfo,
									 const Attribution *state, int lookback,
									 int reuse, JourneyOptions *options)
{
	int64		length = state->lookback;

	if (!PG_ARGISNULL(lookback))
	{
		length = affinity_eventlog_interval_length(PG_GETARG_INTERVAL_P(lookback));
		if (length <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("lookback must be longer than 0"),
					 errhint("It is how long before a conversion a touch may be: interval '30 days'.")));
	}
	affinity_base_check_not_null(fcinfo, reuse, "reuse");
	options->lookback = (uint64) length;
	options->reuse = PG_GETARG_BOOL(reuse);
}
