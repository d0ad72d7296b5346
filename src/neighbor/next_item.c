/*
 * next_item.c
 *		What comes after an item, from the order in which users had theirs.
 *
 * Of a user's events in order of time, every two that are at most `window`
 * events apart are a pair: i before j, at a distance g, counts g^-e for j as a
 * neighbor of i, and `backward` times that for i as a neighbor of j. Sums over
 * all users are divided by powers of degrees,
 *
 *		S_ij = C_ij / (r_i^a c_j^b),
 *
 * r_i being what i counts as a source with all that is around it, c_j what j
 * counts as a neighbor: the degrees of a directed graph, as in the normalized
 * co-occurrence of item_knn. With a half-life a pair counts what its later event's
 * age leaves.
 *
 * Rows of one time have no order: nothing in a table says which came first.
 * What has one time is a step, and a pair counts the mean of what it would
 * count if each order within steps were as likely. For a pair of one step of
 * n events that is
 *
 *		sum over g of (n - g) g^-e / (n (n - 1)),
 *
 * in both directions, about 1/n of it for large n: so all events of a user
 * count about the same, whether they come one by one or in large baskets.
 *
 * Sums are kept in double and taken in the order of users and steps; every
 * item's list is one participant's work. So lists depend neither on the order
 * of rows nor on the number of workers.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "kernel/sparse.h"
#include "neighbor/lists.h"
#include "neighbor/next_item.h"

/* Additions between two looks at interrupts: some milliseconds. */
#define WORK_PIECE	((int64) 1 << 20)

#define REGION_SHARED	0

/* The arrays that participants share: regions, in this order. */
enum
{
	ARRAY_ITEM,
	ARRAY_FIRST,
	ARRAY_SESSION,
	ARRAY_FACTOR,
	ARRAY_OF_ITEM,
	ARRAY_STEP,
	ARRAY_DISTANCE,
	ARRAY_LEFT,
	ARRAY_RIGHT,
	ARRAY_USERS,
	N_ARRAYS
};

typedef struct NextShared
{
	NextItemOptions options;
	NeighborLists lists;
	uint32		n_events;
	uint32		n_steps;
	int			array[N_ARRAYS];
} NextShared;

/* A participant's state. */
typedef struct NextState
{
	NextShared *shared;
	const NextItemOptions *options;
	NeighborList list;
	NextSteps	steps;
	double	   *distance;		/* what a distance counts; window + 1 */
	double	   *left;			/* per item: factor as a source */
	double	   *right;			/* per item: factor as a neighbor */
	float	   *users;			/* per item */
	double	   *sum;
	int64		work;			/* since the last look at interrupts */
} NextState;

/* ---- what a pair counts ------------------------------------------------ */

/*
 * Two events of a step of n, in either of their orders: half the orders have
 * one of them first.
 */
static double
within_step(const NextState *s, uint32 n)
{
	double		sum = 0;

	for (uint32 g = 1; g < n && g <= (uint32) s->options->window; g++)
		sum += (double) (n - g) * s->distance[g];
	return n < 2 ? 0 : sum / ((double) n * (n - 1));
}

/*
 * An event of a step of n and one of a step of m, whose first event comes
 * `apart` after the first of the other.
 */
static double
between_steps(const NextState *s, uint32 n, uint32 m, uint32 apart)
{
	int64		last = Min((int64) s->options->window,
						   (int64) apart + m - 1);
	double		sum = 0;

	if (n == 1 && m == 1)
		return last == apart ? s->distance[apart] : 0;
	for (int64 g = (int64) apart - n + 1; g <= last; g++)
	{
		/* events x of the first that have one of the second g after them */
		int64		low = Max(0, apart - g);
		int64		high = Min((int64) n - 1, (int64) apart + m - 1 - g);

		sum += (double) (high - low + 1) * s->distance[g];
	}
	return sum / ((double) n * m);
}

/* Is a later step near enough that some of its events may be? */
static inline bool
reaches(const NextState *s, uint32 earlier, uint32 later)
{
	const NextSteps *steps = &s->steps;

	return steps->session[earlier] == steps->session[later] &&
		steps->first[later] - steps->first[earlier + 1] <
		(uint32) s->options->window;
}

/*
 * What an event of one step counts for one of another step.
 */
static double
forward(const NextState *s, uint32 earlier, uint32 later)
{
	const NextSteps *steps = &s->steps;

	return between_steps(s, next_step_length(steps, earlier),
						 next_step_length(steps, later),
						 steps->first[later] - steps->first[earlier]);
}

/* ---- one item's list --------------------------------------------------- */

/*
 * Add what the events of a step count; a factor of 0 would be taken for a sum
 * that nothing was added to.
 */
static void
add_step(NextState *s, uint32 step, double factor)
{
	const NextSteps *steps = &s->steps;
	uint32		n = next_step_length(steps, step);

	if (!(factor > 0))
		return;
	s->list.n_touched =
		affinity_kernel_sparse_add(s->sum, s->list.touched,
								   s->list.n_touched,
								   steps->item + steps->first[step], NULL, n,
								   factor);
	s->work += n;
	if (s->work >= WORK_PIECE)
	{
		CHECK_FOR_INTERRUPTS();
		s->work = 0;
	}
}

/*
 * One time that a user had the item, and what is around it.
 */
static void
add_occurrence(NextState *s, uint32 step)
{
	const NextSteps *steps = &s->steps;
	double		factor = steps->factor[step];
	double		backward = s->options->backward;

	for (uint32 before = step; backward > 0 && before > 0 &&
		 reaches(s, before - 1, step); before--)
		add_step(s, before - 1,
				 factor * backward * forward(s, before - 1, step));
	add_step(s, step, factor * (1 + backward) *
			 within_step(s, next_step_length(steps, step)));
	for (uint32 after = step + 1; after < steps->n_steps &&
		 reaches(s, step, after); after++)
		add_step(s, after, steps->factor[after] * forward(s, step, after));
}

static void
make_list(void *state, uint32 item, uint32 kind)
{
	NextState  *s = state;
	const NextSteps *steps = &s->steps;

	(void) kind;
	s->list.n_touched = 0;
	for (int64 o = steps->of_item[item]; o < steps->of_item[item + 1]; o++)
		add_occurrence(s, steps->step[o]);
	s->sum[item] = 0;
	affinity_kernel_sparse_take(s->sum, s->list.touched, s->list.n_touched,
								s->left[item], s->right, s->list.score);
	affinity_neighbor_list_choose(&s->list);
	s->work += s->list.n_touched;
}

static AffinityItemRow
item_row(void *state, uint32 item, uint32 kind)
{
	const NextState *s = state;
	AffinityItemRow row = {.item = item, .kind = kind,
	.popularity = s->users[item]};

	return row;
}

/* ---- degrees ----------------------------------------------------------- */

/*
 * Add what an event of each step counts as a source and as a neighbor, with
 * all events around it, to its item.
 */
static void
add_degrees(NextState *s)
{
	const NextSteps *steps = &s->steps;
	double		backward = s->options->backward;

	for (uint32 step = 0; step < steps->n_steps; step++)
	{
		uint32		n = next_step_length(steps, step);
		double		factor = steps->factor[step];
		double		same = factor * within_step(s, n) * (n - 1) *
			(1 + backward);
		double		later = 0;
		double		earlier = 0;

		for (uint32 other = step; other > 0 && reaches(s, other - 1, step);
			 other--)
			earlier += factor * forward(s, other - 1, step) *
				next_step_length(steps, other - 1);
		for (uint32 other = step + 1; other < steps->n_steps &&
			 reaches(s, step, other); other++)
			later += steps->factor[other] * forward(s, step, other) *
				next_step_length(steps, other);
		for (uint32 e = steps->first[step]; e < steps->first[step + 1]; e++)
		{
			uint32		item = steps->item[e];

			s->left[item] += same + later + backward * earlier;
			s->right[item] += same + earlier + backward * later;
		}
		affinity_base_look_up(step);
	}
}

static void
prepare_factors(NextState *s, const float *trend)
{
	const NextItemOptions *o = s->options;
	uint32		n_items = s->shared->lists.n_items;

	s->distance[0] = 0;
	for (int g = 1; g <= o->window; g++)
		s->distance[g] = pow(g, -o->distance_exponent);
	memset(s->left, 0, n_items * sizeof(double));
	memset(s->right, 0, n_items * sizeof(double));
	add_degrees(s);
	for (uint32 i = 0; i < n_items; i++)
	{
		affinity_base_look_up(i);
		s->left[i] = affinity_neighbor_inverse_power(s->left[i], o->item_exponent);
		s->right[i] = affinity_neighbor_inverse_power(s->right[i], o->neighbor_exponent) *
			(trend ? trend[i] : 1);
	}
}

/* ---- what every participant does --------------------------------------- */

static void
attach(NextState *s, AffinityTeam *team)
{
	void	   *array[N_ARRAYS];

	s->shared = affinity_parallel_region(team, REGION_SHARED);
	s->options = &s->shared->options;
	for (int a = 0; a < N_ARRAYS; a++)
		array[a] = affinity_parallel_region(team, s->shared->array[a]);
	s->steps.n_events = s->shared->n_events;
	s->steps.n_steps = s->shared->n_steps;
	s->steps.item = array[ARRAY_ITEM];
	s->steps.first = array[ARRAY_FIRST];
	s->steps.session = array[ARRAY_SESSION];
	s->steps.factor = array[ARRAY_FACTOR];
	s->steps.of_item = array[ARRAY_OF_ITEM];
	s->steps.step = array[ARRAY_STEP];
	s->distance = array[ARRAY_DISTANCE];
	s->left = array[ARRAY_LEFT];
	s->right = array[ARRAY_RIGHT];
	s->users = array[ARRAY_USERS];
	s->list.lists = &s->shared->lists;
	s->list.sink = affinity_parallel_leader(team);
	s->list.state = s;
	s->list.make = make_list;
	s->list.row = item_row;
}

AFFINITY_TEAM_JOB(next_item_job, affinity_neighbor_next_item_body);

void
affinity_neighbor_next_item_body(AffinityTeam *team)
{
	NextState	state = {0};

	attach(&state, team);
	affinity_neighbor_list_prepare(&state.list);
	state.sum = affinity_base_zeroed_array(state.shared->lists.n_items,
										   sizeof(double));
	affinity_neighbor_lists_make(&state.list, team);
}

/* ---- the whole --------------------------------------------------------- */

static void
request_regions(AffinityTeamRequest *request, NextShared *shared,
				const NextSteps *steps, uint32 n_items)
{
	const Size	size[N_ARRAYS] = {
		[ARRAY_ITEM] = mul_size(steps->n_events, sizeof(uint32)),
		[ARRAY_FIRST] = mul_size((Size) steps->n_steps + 1, sizeof(uint32)),
		[ARRAY_SESSION] = mul_size(steps->n_steps, sizeof(uint32)),
		[ARRAY_FACTOR] = mul_size(steps->n_steps, sizeof(double)),
		[ARRAY_OF_ITEM] = mul_size((Size) n_items + 1, sizeof(int64)),
		[ARRAY_STEP] = mul_size(steps->n_events, sizeof(uint32)),
		[ARRAY_DISTANCE] = mul_size((Size) shared->options.window + 1,
									sizeof(double)),
		[ARRAY_LEFT] = mul_size(n_items, sizeof(double)),
		[ARRAY_RIGHT] = mul_size(n_items, sizeof(double)),
		[ARRAY_USERS] = mul_size(n_items, sizeof(float)),
	};

	(void) affinity_parallel_request_region(request, sizeof(NextShared));
	for (int a = 0; a < N_ARRAYS; a++)
		shared->array[a] = affinity_parallel_request_region(request, size[a]);
	affinity_neighbor_lists_request(&shared->lists, request, n_items, 1,
									shared->options.neighbors);
	shared->n_events = steps->n_events;
	shared->n_steps = steps->n_steps;
}

/*
 * Copy an array to its region, and free it.
 */
static void
hand_over(const void *region, void *array, Size n, Size width)
{
	memcpy(unconstify(void *, region), array, n * width);
	pfree(array);
}

static void
fill_regions(NextState *s, NextSteps *steps, const AffinityCsr *by_item,
			 const float *trend)
{
	uint32		n_items = by_item->n_rows;

	hand_over(s->steps.item, steps->item, steps->n_events, sizeof(uint32));
	hand_over(s->steps.first, steps->first, (Size) steps->n_steps + 1,
			  sizeof(uint32));
	hand_over(s->steps.session, steps->session, steps->n_steps,
			  sizeof(uint32));
	hand_over(s->steps.factor, steps->factor, steps->n_steps, sizeof(double));
	hand_over(s->steps.of_item, steps->of_item, (Size) n_items + 1,
			  sizeof(int64));
	hand_over(s->steps.step, steps->step, steps->n_events, sizeof(uint32));
	for (uint32 i = 0; i < n_items; i++)
		s->users[i] = affinity_train_item_row(by_item, i).popularity;
	prepare_factors(s, trend);
}

static void
train_lists(AffinityInteractions *in, const void *options,
			AffinityItemSink *sink)
{
	AffinityTeamRequest request = {
		.job = &next_item_job, .max_workers = sink->max_workers
	};
	NextShared	shared = {.options = *(const NextItemOptions *) options};
	NextState	state = {0};
	NextSteps	steps;
	AffinityTeam *team;
	const AffinityTimes *times = &shared.options.times;
	const float *trend = affinity_train_trend(in, times, sink);

	affinity_train_timely_popularity(in, times, trend, false, sink);
	affinity_neighbor_next_steps(in, &shared.options, &steps);
	pfree(in->events->event);
	pfree(in->events->start);
	request.seconds = affinity_neighbor_next_seconds(&steps, &shared.options);
	request_regions(&request, &shared, &steps, in->by_item.n_rows);
	team = affinity_parallel_begin(&request);
	memcpy(affinity_parallel_region(team, REGION_SHARED), &shared,
		   sizeof(shared));
	attach(&state, team);
	fill_regions(&state, &steps, &in->by_item, trend);
	affinity_parallel_run(team, sink);
	affinity_neighbor_lists_warn(&state.shared->lists, in->items);
	affinity_parallel_end(team);
}

static void
next_item_train(AffinityInteractions *in, const void *options,
				AffinityItemSink *sink)
{
	const NextItemOptions *o = options;

	affinity_attribute_blend(in, &o->attributes, o->neighbors, train_lists,
							 options, sink);
}

/* ---- options ----------------------------------------------------------- */

static const char *const repeats_names[] = {"first", "all", NULL};

#define OPTION(...) AFFINITY_OPTION(NextItemOptions, __VA_ARGS__)

static const AffinityOption next_item_options[] = {
	OPTION(neighbors, INT, "200", 1, 10000, NULL,
		   "neighbors kept per item: more is more accurate, up to a point, and larger"),
	OPTION(window, INT, "20", 1, 1000, NULL,
		   "how many events of a user two items may be apart; those of one time have no order"),
	OPTION(distance_exponent, REAL, "1", 0, 10, NULL,
		   "how much less counts what is farther apart: distance to the power of minus this"),
	OPTION(backward, REAL, "0.5", 0, 1, NULL,
		   "what an item counts for those that came before it, compared with those that come after it"),
	OPTION(session_gap, INTERVAL, "null", 0, 0, NULL,
		   "items of a user meet only where no pause between events is longer than this"),
	OPTION(repeats, ENUM, "\"first\"", 0, 0, repeats_names,
		   "which events of a user's item count: the first, for what is new to the user, or all"),
	OPTION(user_exponent, REAL, "0", 0, 2, NULL,
		   "how much less an event of a user with many events counts"),
	OPTION(item_exponent, REAL, "0.5", 0, 2, NULL,
		   "a, the exponent of what the item in the history counts in all"),
	OPTION(neighbor_exponent, REAL, "0.3", 0, 2, NULL,
		   "b, the exponent of what the recommended item counts in all"),
	AFFINITY_OPTION_MAX_HISTORY(NextItemOptions),
	AFFINITY_OPTIONS_TRAINING_TIMES(NextItemOptions),
	AFFINITY_OPTIONS_HISTORY_DECAY(NextItemOptions, "0.7"),
	AFFINITY_OPTIONS_ATTRIBUTES(NextItemOptions),
	AFFINITY_OPTION_SEEN(NextItemOptions),
	AFFINITY_OPTION_USERS(NextItemOptions),
};

static void
next_item_request(const void *options, AffinityReadRequest *request)
{
	const NextItemOptions *next = options;

	request->max_history = next->max_history;
	affinity_train_request_times(&next->times, request);
	request->events = true;
	/* what has no time has no place */
	request->keep_untimed = false;
}

static const AffinityTimes *
next_item_times(const void *options)
{
	return &((const NextItemOptions *) options)->times;
}

static double
next_item_history_weight(const void *options, double weight)
{
	(void) options;
	return affinity_train_weight(AFFINITY_WEIGHTS_BINARY, weight);
}

const AffinityAlgorithm affinity_neighbor_next_item = {
	.name = "next_item",
	.help = "what comes after the items of the history, by the order in which users had them",
	.options = next_item_options,
	.n_options = lengthof(next_item_options),
	.options_size = sizeof(NextItemOptions),
	.has_neighbors = true,
	.request = next_item_request,
	.train = next_item_train,
	.times = next_item_times,
	.attributes = affinity_attribute_always,
	.history_weight = next_item_history_weight,
};
