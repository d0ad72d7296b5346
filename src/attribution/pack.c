/*
 * pack.c
 *		From rows as they came to a packed state, and from several packed
 *		states to one, or to one of some users.
 */
#include "postgres.h"

#include "lib/binaryheap.h"

#include "attribution/attribution.h"

static int
compare_names(const ChannelName *a, const ChannelName *b)
{
	return affinity_base_bytes_compare(a->bytes, a->len, b->bytes, b->len);
}

#define ST_SORT sort_names
#define ST_ELEMENT_TYPE ChannelName
#define ST_COMPARE(a, b) compare_names(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

static inline int
compare_users(EventUserId a, EventUserId b)
{
	if (a.low != b.low)
		return a.low < b.low ? -1 : 1;
	return a.high < b.high ? -1 : a.high > b.high;
}

static inline int
compare_rows(const LooseRow *a, const LooseRow *b)
{
	int			users = compare_users(a->mixed, b->mixed);

	return users != 0 ? users : a->at < b->at ? -1 : a->at > b->at;
}

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE LooseRow
#define ST_COMPARE(a, b) compare_rows(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* ---- names -------------------------------------------------------------- */

/*
 * The place of a name among names in order, of which the first is number 1.
 */
static uint32
number_of(const ChannelName *sorted, uint32 n, const ChannelName *name)
{
	uint32		low = 0;
	uint32		high = n;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (compare_names(&sorted[middle], name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low + 1;
}

/* Names in order, each once; gives how many. */
static uint32
unique_names(ChannelName *name, uint32 n)
{
	uint32		kept = 0;

	sort_names(name, n);
	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		if (i == 0 || compare_names(&name[kept - 1], &name[i]) != 0)
			name[kept++] = name[i];
	}
	return kept;
}

/* ---- rows --------------------------------------------------------------- */

/*
 * Rows in order of users and times: first by the upper bits of the user's
 * hash, and then each of these parts, which fits the cache. Channels are
 * numbered anew.
 */
static LooseRow *
order_rows(const LooseRow *row, uint32 n, const uint32 *number)
{
	LooseRow   *sorted = affinity_base_array(n, sizeof(LooseRow));
	int			bits = 1;
	uint32	   *end;

	while (bits < 13 && n >> bits > 512)
		bits++;
	end = affinity_base_zeroed_array(((Size) 1 << bits) + 1, sizeof(uint32));
	for (uint32 i = 0; i < n; i++)
		end[(row[i].mixed.low >> (64 - bits)) + 1]++;
	for (uint32 i = 1; i < UINT32_C(1) << bits; i++)
		end[i] += end[i - 1];
	for (uint32 i = 0; i < n; i++)
	{
		LooseRow   *to;

		affinity_base_look_up(i);
		to = &sorted[end[row[i].mixed.low >> (64 - bits)]++];
		*to = row[i];
		to->what = TOUCH_WHAT(number[TOUCH_CHANNEL(to->what)],
							  to->what & (TOUCH_CONVERTED | TOUCH_VALUE));
	}
	for (uint32 i = 0, from = 0; i < UINT32_C(1) << bits; from = end[i++])
	{
		CHECK_FOR_INTERRUPTS();
		sort_rows(sorted + from, end[i] - from);
	}
	pfree(end);
	return sorted;
}

/* The rows of one user, as a state has them. */
static void
write_rows(TouchWriter *writer, const LooseRow *row, uint32 n,
		   const double *value, Touch *touch)
{
	bool		sorted = true;

	for (uint32 i = 0; i < n; i++)
	{
		touch[i].at = row[i].at;
		touch[i].what = row[i].what;
		touch[i].value = (row[i].what & TOUCH_VALUE) != 0 ?
			value[row[i].value] : 0;
		if (i > 0 && affinity_attribution_compare_touches(&touch[i - 1],
														  &touch[i]) > 0)
			sorted = false;
	}
	if (!sorted)
		affinity_attribution_sort(touch, n);
	affinity_attribution_write_user(writer, row[0].mixed, touch, n);
}

/* Rows whose channels are numbers of these names, in no order, from 1. */
Attribution *
affinity_attribution_pack(const Attribution *like, const ChannelName *name,
						  uint32 n_names, const LooseRow *row, uint32 n,
						  const double *value)
{
	uint32	   *number = affinity_base_zeroed_array((Size) n_names + 1,
													sizeof(uint32));
	ChannelName *used = affinity_base_array(n_names, sizeof(ChannelName));
	uint32		n_used = 0;
	LooseRow   *sorted;
	Touch	   *touch = NULL;
	uint32		room = 0;
	uint32		next;
	TouchWriter writer;

	for (uint32 i = 0; i < n; i++)
		number[TOUCH_CHANNEL(row[i].what)] = 1;
	for (uint32 i = 1; i <= n_names; i++)
		if (number[i] != 0)
			used[n_used++] = name[i - 1];
	n_used = unique_names(used, n_used);
	number[0] = 0;
	for (uint32 i = 1; i <= n_names; i++)
		if (number[i] != 0)
			number[i] = number_of(used, n_used, &name[i - 1]);
	sorted = order_rows(row, n, number);
	affinity_attribution_write(&writer, like, used, n_used);
	for (uint32 i = 0; i < n; i = next)
	{
		for (next = i + 1; next < n && event_same_user(sorted[i].mixed,
													   sorted[next].mixed);)
			next++;
		if (next - i > room)
		{
			room = Max(64, 2 * (next - i));
			if (touch != NULL)
				pfree(touch);
			touch = affinity_base_array(room, sizeof(Touch));
		}
		CHECK_FOR_INTERRUPTS();
		write_rows(&writer, sorted + i, next - i, value, touch);
	}
	if (touch != NULL)
		pfree(touch);
	pfree(sorted);
	pfree(used);
	pfree(number);
	return affinity_attribution_written(&writer);
}

/* ---- several states ----------------------------------------------------- */

typedef struct Source
{
	TouchReader reader;
	uint32	   *number;			/* of its channels among all */
} Source;

/* The smallest user on top: a heap has the largest there. */
static int
compare_sources(Datum a, Datum b, void *arg)
{
	(void) arg;
	return -compare_users(((Source *) DatumGetPointer(a))->reader.mixed,
						  ((Source *) DatumGetPointer(b))->reader.mixed);
}

/* The names of all states, and the numbers that theirs have among them. */
static ChannelName *
unite_names(Attribution *const *state, Source *source, int n, uint32 *n_names)
{
	Size		all = 0;
	Size		at = 0;
	ChannelName *name;

	for (int i = 0; i < n; i++)
		all += state[i]->n_channels;
	if (all > PG_UINT32_MAX)
		affinity_attribution_check_size(all);
	name = affinity_base_array(all, sizeof(ChannelName));
	for (int i = 0; i < n; i++)
	{
		ChannelName *own = affinity_attribution_names(state[i]);

		memcpy(name + at, own + 1, state[i]->n_channels * sizeof(ChannelName));
		at += state[i]->n_channels;
		pfree(own);
	}
	*n_names = unique_names(name, (uint32) all);
	for (int i = 0; i < n; i++)
	{
		ChannelName *own = affinity_attribution_names(state[i]);

		source[i].number = affinity_base_zeroed_array((Size) state[i]->n_channels + 1,
													  sizeof(uint32));
		for (uint32 j = 1; j <= state[i]->n_channels; j++)
			source[i].number[j] = number_of(name, *n_names, &own[j]);
		pfree(own);
	}
	return name;
}

typedef struct Gathered
{
	Touch	   *touch;
	uint32		n;
	uint32		room;
} Gathered;

/* The rows of a source's user too. */
static void
gather(Gathered *gathered, const Source *source)
{
	const TouchReader *reader = &source->reader;
	Size		n = (Size) gathered->n + reader->n;

	/* a row has at least two bytes */
	affinity_attribution_check_size(2 * n);
	if (n > gathered->room)
	{
		gathered->room = (uint32) (n + n / 2 + 64);
		gathered->touch = gathered->touch == NULL ?
			affinity_base_array(gathered->room, sizeof(Touch)) :
			repalloc_huge(gathered->touch, gathered->room * sizeof(Touch));
	}
	for (uint32 i = 0; i < reader->n; i++)
	{
		Touch	   *to = &gathered->touch[gathered->n++];

		*to = reader->touch[i];
		to->what = TOUCH_WHAT(source->number[TOUCH_CHANNEL(to->what)],
							  to->what & (TOUCH_CONVERTED | TOUCH_VALUE));
	}
}

/* One state of all the rows of several, of which there is at least one. */
Attribution *
affinity_attribution_merge(Attribution *const *state, int n)
{
	Source	   *source;
	ChannelName *name;
	uint32		n_names;
	binaryheap *heap;
	TouchWriter writer;
	Gathered	gathered = {NULL, 0, 0};

	if (n == 1)
		return state[0];
	source = affinity_base_zeroed_array(n, sizeof(Source));
	name = unite_names(state, source, n, &n_names);
	affinity_attribution_write(&writer, state[0], name, n_names);
	heap = binaryheap_allocate(n, compare_sources, NULL);
	for (int i = 0; i < n; i++)
	{
		affinity_attribution_read(&source[i].reader, state[i]);
		if (affinity_attribution_next(&source[i].reader))
			binaryheap_add_unordered(heap, PointerGetDatum(&source[i]));
	}
	binaryheap_build(heap);
	while (!binaryheap_empty(heap))
	{
		EventUserId mixed =
			((Source *) DatumGetPointer(binaryheap_first(heap)))->reader.mixed;
		int			of = 0;

		gathered.n = 0;
		while (!binaryheap_empty(heap))
		{
			Source	   *first = (Source *) DatumGetPointer(binaryheap_first(heap));

			if (!event_same_user(first->reader.mixed, mixed))
				break;
			gather(&gathered, first);
			of++;
			if (affinity_attribution_next(&first->reader))
				binaryheap_replace_first(heap, PointerGetDatum(first));
			else
				(void) binaryheap_remove_first(heap);
		}
		if (of > 1)
			affinity_attribution_sort(gathered.touch, gathered.n);
		affinity_attribution_write_user(&writer, mixed, gathered.touch,
										gathered.n);
	}
	for (int i = 0; i < n; i++)
	{
		if (source[i].reader.touch != NULL)
			pfree(source[i].reader.touch);
		pfree(source[i].number);
	}
	if (gathered.touch != NULL)
		pfree(gathered.touch);
	binaryheap_free(heap);
	pfree(source);
	pfree(name);
	return affinity_attribution_written(&writer);
}

/* ---- some users --------------------------------------------------------- */

static bool
is_among(EventUserId user, const EventUserId *mixed, Size n)
{
	Size		low = 0;
	Size		high = n;

	while (low < high)
	{
		Size		middle = low + (high - low) / 2;
		int			order = compare_users(mixed[middle], user);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/*
 * The state of these users, who are in order, or of all others; NULL where
 * nobody is left. Names that nobody needs any more go, too.
 */
Attribution *
affinity_attribution_subset(const Attribution *state,
							const EventUserId *mixed, Size n, bool keep)
{
	ChannelName *name = affinity_attribution_names(state);
	uint32	   *number = affinity_base_zeroed_array((Size) state->n_channels + 1,
													sizeof(uint32));
	uint32		n_names = 0;
	uint64		n_users = 0;
	TouchReader reader;
	TouchWriter writer;

	affinity_attribution_read(&reader, state);
	while (affinity_attribution_next(&reader))
	{
		if (is_among(reader.mixed, mixed, n) != keep)
			continue;
		n_users++;
		for (uint32 i = 0; i < reader.n; i++)
			number[TOUCH_CHANNEL(reader.touch[i].what)] = 1;
	}
	if (n_users == 0)
		return NULL;
	number[0] = 0;
	for (uint32 i = 1; i <= state->n_channels; i++)
		if (number[i] != 0)
		{
			name[n_names++] = name[i];
			number[i] = n_names;
		}
	affinity_attribution_write(&writer, state, name, n_names);
	affinity_attribution_read(&reader, state);
	while (affinity_attribution_next(&reader))
	{
		if (is_among(reader.mixed, mixed, n) != keep)
			continue;
		for (uint32 i = 0; i < reader.n; i++)
		{
			uint32		what = reader.touch[i].what;

			reader.touch[i].what = TOUCH_WHAT(number[TOUCH_CHANNEL(what)],
											  what & (TOUCH_CONVERTED |
													  TOUCH_VALUE));
		}
		affinity_attribution_write_user(&writer, reader.mixed, reader.touch,
										reader.n);
	}
	return affinity_attribution_written(&writer);
}
