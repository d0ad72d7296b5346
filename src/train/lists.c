/*
 * lists.c
 *		Lists on their way: a sink that keeps what an algorithm puts, for who
 *		changes the lists before they go on.
 */
#include "postgres.h"

#include "train/train.h"
#include "utils/memutils.h"

static void
keep_row(AffinityItemSink *sink, const AffinityItemRow *row)
{
	AffinityKeptLists *lists = (AffinityKeptLists *) sink;
	Size		no = (Size) row->item * lists->n_kinds + row->kind;
	Size		at = lists->start[no];
	Size		end = at + row->n_neighbors;

	if (end > lists->room)
	{
		lists->room = end + end / 4 + 65536;
		lists->item = repalloc_huge(lists->item,
									mul_size(lists->room, sizeof(int32)));
		lists->weight = repalloc_huge(lists->weight,
									  mul_size(lists->room, sizeof(float)));
	}
	memcpy(lists->item + at, row->neighbor, row->n_neighbors * sizeof(int32));
	memcpy(lists->weight + at, row->score, row->n_neighbors * sizeof(float));
	lists->popularity[no] = row->popularity;
	lists->n_users[no] = row->n_users;
	lists->start[no + 1] = end;
}

static void
pass_parameters(AffinityItemSink *sink, const float *value, uint32 n)
{
	AffinityItemSink *into = ((AffinityKeptLists *) sink)->into;

	into->parameters(into, value, n);
}

static double
pass_before(AffinityItemSink *sink, const char *name)
{
	AffinityItemSink *into = ((AffinityKeptLists *) sink)->into;

	return into->before(into, name);
}

static void
pass_figure(AffinityItemSink *sink, const char *name, const double *value,
			int n, bool list)
{
	AffinityItemSink *into = ((AffinityKeptLists *) sink)->into;

	into->figure(into, name, value, n, list);
}

/*
 * Begin to keep the rows that are put, those of an item's kinds one after the
 * other; everything else goes on at once.
 */
void
affinity_train_lists_keep(AffinityKeptLists *lists, uint32 n_items, uint32 n_kinds,
						  AffinityItemSink *into)
{
	Size		n = (Size) n_items * n_kinds;

	memset(lists, 0, sizeof(*lists));
	lists->sink = *into;
	lists->sink.put = keep_row;
	lists->sink.parameters = pass_parameters;
	lists->sink.before = pass_before;
	lists->sink.figure = pass_figure;
	lists->into = into;
	lists->n_items = n_items;
	lists->n_kinds = n_kinds;
	lists->popularity = affinity_base_zeroed_array(n, sizeof(float));
	lists->n_users = affinity_base_zeroed_array(n, sizeof(uint32));
	lists->start = affinity_base_zeroed_array(n + 1, sizeof(Size));
	lists->item = affinity_base_array(1, sizeof(int32));
	lists->weight = affinity_base_array(1, sizeof(float));
}
