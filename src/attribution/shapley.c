/*
 * shapley.c
 *		The Shapley value of channels, in one of two games.
 *
 * conversions: a set of channels is worth the conversions of journeys that
 * used none but these. Each conversion is then a game of its own, worth 1 to
 * whoever has all of its channels, and the Shapley value of such a game is the
 * same part for each of them; so that of all is a sum (Zhao, Mahboobi,
 * Bagheri 2018), exact for any number of channels.
 *
 * rate: a set is worth the share of conversions among the journeys that used
 * none but these. Journeys without a conversion count, and a channel may be
 * worth less than nothing. All sets are looked at where there are few
 * channels; of more, orders of them are drawn.
 */
#include "postgres.h"

#include <math.h>

#include "attribution/attribution.h"

#define EXACT_MOST 15
#define CHANNELS_MOST 64
#define SAMPLES 10000

/* ---- conversions -------------------------------------------------------- */

typedef struct Shares
{
	Credit	   *credit;
	uint64	   *mark;			/* the last journey that each channel was in */
	uint64		journey;
	Touch	   *touch;			/* one of each channel */
	uint32		room;
} Shares;

static void
share_journey(const Journey *journey, void *arg)
{
	Shares	   *shares = arg;
	Journey		each = *journey;

	affinity_attribution_credit_see(shares->credit, journey);
	if (!journey->converted)
		return;
	if (journey->n > shares->room)
	{
		if (shares->touch != NULL)
			pfree(shares->touch);
		shares->room = journey->n + journey->n / 2 + 16;
		shares->touch = affinity_base_array(shares->room, sizeof(Touch));
	}
	shares->journey++;
	each.touch = shares->touch;
	each.n = 0;
	for (uint32 i = 0; i < journey->n; i++)
	{
		uint32		channel = TOUCH_CHANNEL(journey->touch[i].what);

		if (shares->mark[channel] == shares->journey)
			continue;
		shares->mark[channel] = shares->journey;
		shares->touch[each.n++] = journey->touch[i];
	}
	affinity_attribution_credit_even(shares->credit, each.n);
	affinity_attribution_credit_parts(shares->credit, &each);
}

static void
share_conversions(const Attribution *state, const JourneyOptions *options,
				  Credit *credit)
{
	Shares		shares = {0};

	shares.credit = credit;
	shares.mark = affinity_base_zeroed_array(credit->n, sizeof(uint64));
	affinity_attribution_journeys(state, options, share_journey, &shares);
}

/* ---- sets of channels --------------------------------------------------- */

typedef struct SetEntry
{
	uint64		set;
	int64		journeys;
	int64		conversions;
	int128		value;
	char		status;
} SetEntry;

#define SH_PREFIX channel_sets
#define SH_ELEMENT_TYPE SetEntry
#define SH_KEY_TYPE uint64
#define SH_KEY set
#define SH_HASH_KEY(table, key) (uint32) affinity_base_mix64(key)
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static inline int
compare_sets(const SetEntry *a, const SetEntry *b)
{
	return a->set < b->set ? -1 : a->set > b->set;
}

#define ST_SORT sort_sets
#define ST_ELEMENT_TYPE SetEntry
#define ST_COMPARE(a, b) compare_sets(a, b)
#define ST_SCOPE static
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

typedef struct Sets
{
	Credit	   *credit;
	int		   *player;			/* of each channel, from 0; -1: none */
	uint32	   *channel;		/* of each player */
	int			n;				/* players */
	channel_sets_hash *sets;
	SetEntry   *set;
	uint32		n_sets;
} Sets;

static void
see_journey(const Journey *journey, void *arg)
{
	affinity_attribution_credit_see(((Sets *) arg)->credit, journey);
}

static void
count_set(const Journey *journey, void *arg)
{
	Sets	   *sets = arg;
	uint64		set = 0;
	SetEntry   *entry;
	bool		found;

	for (uint32 i = 0; i < journey->n; i++)
		set |= UINT64CONST(1) <<
			sets->player[TOUCH_CHANNEL(journey->touch[i].what)];
	entry = channel_sets_insert(sets->sets, set, &found);
	if (!found)
		entry->journeys = entry->conversions = entry->value = 0;
	entry->journeys++;
	if (!journey->converted)
		return;
	entry->conversions++;
	entry->value += affinity_attribution_units(sets->credit, journey->value);
}

/* How many journeys used which set of channels, and what they came to. */
static void
count_sets(const Attribution *state, const JourneyOptions *options,
		   Credit *credit, Sets *sets)
{
	channel_sets_iterator at;
	SetEntry   *entry;
	int			n = 0;

	sets->credit = credit;
	affinity_attribution_journeys(state, options, see_journey, sets);
	for (uint32 i = 0; i < credit->n; i++)
		n += credit->seen[i];
	if (n > CHANNELS_MOST)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("Shapley values by rate of %d channels, but at most %d can be computed",
						n, CHANNELS_MOST),
				 errhint("Give game => 'conversions', or make one channel of those with few touches when aggregating.")));
	sets->player = affinity_base_array(credit->n, sizeof(int));
	sets->channel = affinity_base_array(n, sizeof(uint32));
	for (uint32 i = 0; i < credit->n; i++)
		if (credit->seen[i])
		{
			sets->player[i] = sets->n;
			sets->channel[sets->n++] = i;
		}
	sets->sets = channel_sets_create(CurrentMemoryContext, 256, NULL);
	affinity_attribution_journeys(state, options, count_set, sets);
	sets->set = affinity_base_array(sets->sets->members, sizeof(SetEntry));
	channel_sets_start_iterate(sets->sets, &at);
	while ((entry = channel_sets_iterate(sets->sets, &at)) != NULL)
		sets->set[sets->n_sets++] = *entry;
	channel_sets_destroy(sets->sets);
	sort_sets(sets->set, sets->n_sets);
}

/* ---- rate --------------------------------------------------------------- */

/* What a set of channels comes to. */
typedef struct Worth
{
	double		journeys;
	double		conversions;
	double		value;
} Worth;

static void
add_worth(Worth *to, const Worth *more)
{
	to->journeys += more->journeys;
	to->conversions += more->conversions;
	to->value += more->value;
}

static Worth
worth_of_entry(const SetEntry *entry)
{
	Worth		worth = {(double) entry->journeys,
	(double) entry->conversions, (double) entry->value};

	return worth;
}

/* Conversions for each journey; nobody's are 0. */
static inline double
rate(const Worth *worth)
{
	return worth->journeys > 0 ? worth->conversions / worth->journeys : 0;
}

static inline double
value_rate(const Worth *worth)
{
	return worth->journeys > 0 ? worth->value / worth->journeys : 0;
}

/* By all sets of players. */
static void
exact_rates(const Sets *sets, double *share, double *value_share)
{
	uint32		all = UINT32_C(1) << sets->n;
	Worth	   *worth = affinity_base_zeroed_array(all, sizeof(Worth));
	double	   *part = palloc(Max(sets->n, 1) * sizeof(double));

	for (uint32 i = 0; i < sets->n_sets; i++)
		worth[sets->set[i].set] = worth_of_entry(&sets->set[i]);
	for (int p = 0; p < sets->n; p++)
		for (uint32 s = 0; s < all; s++)
			if ((s >> p & 1) != 0)
				add_worth(&worth[s], &worth[s ^ (UINT32_C(1) << p)]);
	/* the part of orders in which so many players come before one */
	part[0] = 1.0 / sets->n;
	for (int i = 1; i < sets->n; i++)
		part[i] = part[i - 1] * i / (sets->n - i);
	for (uint32 s = 0; s < all; s++)
	{
		int			before = 0;

		affinity_base_look_up(s);
		for (int p = 0; p < sets->n; p++)
			before += s >> p & 1;
		for (int p = 0; p < sets->n; p++)
		{
			const Worth *with = &worth[s | UINT32_C(1) << p];

			if ((s >> p & 1) != 0)
				continue;
			share[p] += part[before] * (rate(with) - rate(&worth[s]));
			value_share[p] += part[before] *
				(value_rate(with) - value_rate(&worth[s]));
		}
	}
	pfree(worth);
	pfree(part);
}

/* The next number of the generator, below n. */
static uint32
draw(uint64 *random, uint32 n)
{
	*random += AFFINITY_SPLITMIX64_STEP;
	return (uint32) ((affinity_base_splitmix64(*random) >> 32) * n >> 32);
}

/* What each player adds when they come in this order. */
static void
add_in_order(const Sets *sets, const int *order, double *adds,
			 double *value_adds)
{
	Worth		at[CHANNELS_MOST] = {{0}};
	Worth		sum = {0};
	int			place[CHANNELS_MOST];

	for (int i = 0; i < sets->n; i++)
		place[order[i]] = i;
	for (uint32 i = 0; i < sets->n_sets; i++)
	{
		Worth		worth = worth_of_entry(&sets->set[i]);
		int			last = 0;

		/* a set is there when the last of its players has come */
		for (uint64 s = sets->set[i].set; s != 0; s &= s - 1)
			last = Max(last, place[pg_rightmost_one_pos64(s)]);
		add_worth(&at[last], &worth);
	}
	for (int i = 0; i < sets->n; i++)
	{
		double		before = rate(&sum);
		double		value_before = value_rate(&sum);

		add_worth(&sum, &at[i]);
		adds[order[i]] += rate(&sum) - before;
		value_adds[order[i]] += value_rate(&sum) - value_before;
	}
}

/*
 * By orders that are drawn, each with its reverse, whose errors partly take
 * each other away. The error is that of the mean of these pairs.
 */
static void
sampled_rates(const Sets *sets, int64 samples, uint64 seed, double *share,
			  double *value_share, double *error)
{
	int64		pairs = (samples + 1) / 2;
	uint64		random = affinity_base_mix64(seed);
	double		square[CHANNELS_MOST] = {0};
	uint64		work = 0;
	int			order[CHANNELS_MOST];

	for (int i = 0; i < sets->n; i++)
		order[i] = i;
	for (int64 n = 0; n < pairs; n++)
	{
		double		adds[CHANNELS_MOST] = {0};
		double		value_adds[CHANNELS_MOST] = {0};
		int			reverse[CHANNELS_MOST];

		affinity_base_look_after(&work, 8 * (uint64) sets->n_sets + 64);
		for (int i = sets->n - 1; i > 0; i--)
		{
			int			j = (int) draw(&random, (uint32) i + 1);
			int			kept = order[i];

			order[i] = order[j];
			order[j] = kept;
		}
		for (int i = 0; i < sets->n; i++)
			reverse[i] = order[sets->n - 1 - i];
		add_in_order(sets, order, adds, value_adds);
		add_in_order(sets, reverse, adds, value_adds);
		for (int p = 0; p < sets->n; p++)
		{
			double		off = adds[p] / 2 - share[p];

			/* Welford's mean and squares */
			share[p] += off / (double) (n + 1);
			square[p] += off * (adds[p] / 2 - share[p]);
			value_share[p] += (value_adds[p] / 2 - value_share[p]) /
				(double) (n + 1);
		}
	}
	for (int p = 0; p < sets->n; p++)
		error[p] = pairs > 1 ? sqrt(square[p] / (double) (pairs - 1) /
									(double) pairs) : NAN;
}

/* Parts of conversions and value, by player, to channels. */
static void
give_shares(const Sets *sets, const double *share, const double *value_share,
			Credit *credit)
{
	int128	   *part = affinity_base_array(sets->n, sizeof(int128));

	if (!affinity_attribution_share_out(share, sets->n,
										(int128) credit->n_conversions <<
										CREDIT_BITS, part))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("Shapley values by rate take each other away"),
				 errhint("Give game => 'conversions'.")));
	for (int p = 0; p < sets->n; p++)
		credit->conversions[sets->channel[p]] = part[p];
	if (!affinity_attribution_share_out(value_share, sets->n,
										credit->total_value, part))
		(void) affinity_attribution_share_out(share, sets->n,
											  credit->total_value, part);
	for (int p = 0; p < sets->n; p++)
		credit->value[sets->channel[p]] = part[p];
	pfree(part);
}

static void
share_rates(const Attribution *state, const AttributionOptions *options,
			Credit *credit)
{
	Sets		sets = {0};
	double		share[CHANNELS_MOST] = {0};
	double		value_share[CHANNELS_MOST] = {0};
	double		error[CHANNELS_MOST] = {0};
	double		all = 0;

	count_sets(state, &options->journeys, credit, &sets);
	if (options->samples == 0 && sets.n > EXACT_MOST)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("exact Shapley values by rate of %d channels, but at most %d can be computed",
						sets.n, EXACT_MOST),
				 errhint("Leave samples out, or give game => 'conversions', which is exact for any number of channels.")));
	if (credit->n_conversions == 0)
		return;
	if (options->samples > 0 || sets.n > EXACT_MOST)
	{
		sampled_rates(&sets, options->samples > 0 ? options->samples : SAMPLES,
					  options->seed, share, value_share, error);
		credit->error = affinity_base_zeroed_array(credit->n, sizeof(double));
	}
	else
		exact_rates(&sets, share, value_share);
	give_shares(&sets, share, value_share, credit);
	if (credit->error == NULL)
		return;
	for (int p = 0; p < sets.n; p++)
		all += share[p];
	for (int p = 0; p < sets.n; p++)
		credit->error[sets.channel[p]] = error[p] / all *
			(double) credit->n_conversions;
}

void
affinity_attribution_shapley(const Attribution *state,
							 const AttributionOptions *options,
							 Credit *credit)
{
	if (options->game == GAME_RATE)
		share_rates(state, options, credit);
	else
		share_conversions(state, &options->journeys, credit);
}
