/*
 * log_template.h
 *		Sorting a log and merging what came since it was sorted; included once
 *		for each type of entry. The includer defines
 *
 * LOG_NAME			suffix of the names
 * LOG_ENTRY		type of an entry
 * LOG_COMPARE(a, b) of pointers to entries, as qsort's
 * LOG_JOIN(a, b)	make *a stand for the equal *b too
 */
#define LOG_CONCAT_(a, b) a##_##b
#define LOG_CONCAT(a, b) LOG_CONCAT_(a, b)
#define LOG_SORT LOG_CONCAT(sort, LOG_NAME)
#define LOG_MERGE LOG_CONCAT(merge, LOG_NAME)
#define LOG_COMPACT LOG_CONCAT(compact, LOG_NAME)

#define ST_SORT LOG_SORT
#define ST_ELEMENT_TYPE LOG_ENTRY
#define ST_COMPARE(a, b) LOG_COMPARE(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Merge two sorted runs into one without duplicates. */
static Size
LOG_MERGE(const LOG_ENTRY *a, Size n_a, const LOG_ENTRY *b, Size n_b,
		  LOG_ENTRY *out)
{
	Size		i = 0,
				j = 0,
				n = 0;

	while (i < n_a || j < n_b)
	{
		const LOG_ENTRY *next;

		if ((i + j) % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		if (j >= n_b || (i < n_a && LOG_COMPARE(&a[i], &b[j]) <= 0))
			next = &a[i++];
		else
			next = &b[j++];
		if (n > 0 && LOG_COMPARE(&out[n - 1], next) == 0)
			LOG_JOIN(&out[n - 1], next);
		else
			out[n++] = *next;
	}
	return n;
}

/* Sort the log into a new one with room for cap entries; the old one goes. */
static LOG_ENTRY *
LOG_COMPACT(ActivitySet *set, LOG_ENTRY *old, Size cap)
{
	LOG_ENTRY  *merged = affinity_base_alloc_large(set->cxt, cap *
												   sizeof(LOG_ENTRY));
	Size		tail = set->log_len - set->log_sorted;

	if (old == NULL)
		return merged;
	LOG_SORT(old + set->log_sorted, tail);
	set->log_len = LOG_MERGE(old, set->log_sorted, old + set->log_sorted, tail,
							 merged);
	pfree(old);
	return merged;
}

#undef LOG_NAME
#undef LOG_ENTRY
#undef LOG_COMPARE
#undef LOG_JOIN
#undef LOG_SORT
#undef LOG_MERGE
#undef LOG_COMPACT
