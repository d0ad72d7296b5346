/*
 * set_template.h
 *		Sorting, deduplicating and intersecting for one type of element.
 *
 * Before including it define SET_PREFIX, SET_ELEMENT (the type) and
 * SET_COMPARE(a, b) (negative, zero or positive for two pointers); they are
 * undefined at the end. A set is a strictly ascending run of elements.
 */
#define SET_MAKE_NAME_(a, b) a##_##b
#define SET_MAKE_NAME(a, b) SET_MAKE_NAME_(a, b)
#define SET_NAME(name) SET_MAKE_NAME(SET_PREFIX, name)

#define ST_SORT SET_NAME(sort)
#define ST_ELEMENT_TYPE SET_ELEMENT
#define ST_COMPARE(a, b) SET_COMPARE(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

static bool
SET_NAME(is_set) (const SET_ELEMENT *v, size_t n)
{
	size_t		i;

	for (i = 1; i < n; i++)
	{
		if (SET_COMPARE(&v[i - 1], &v[i]) >= 0)
			return false;
		if (i % SET_CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return true;
}

/*
 * Sort v in place and drop duplicates; returns how many are left.
 */
static size_t
SET_NAME(make_set) (SET_ELEMENT *v, size_t n)
{
	size_t		kept = 0;
	size_t		i;

	SET_NAME(sort) (v, n);
	for (i = 0; i < n; i++)
	{
		if (i % SET_CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
		if (kept == 0 || SET_COMPARE(&v[kept - 1], &v[i]) != 0)
			v[kept++] = v[i];
	}
	return kept;
}

/*
 * How many elements the sets a and b share.
 *
 * Every step moves on in a, in b or in both, by one: so many steps as the
 * shorter remainder has elements need no check of bounds, and a step needs no
 * branch, which on random input would be mispredicted half of the time.
 */
static size_t
SET_NAME(count_common) (const SET_ELEMENT *a, size_t na,
						const SET_ELEMENT *b, size_t nb)
{
	size_t		i = 0;
	size_t		j = 0;
	size_t		common = 0;

	while (i < na && j < nb)
	{
		size_t		steps = Min(Min(na - i, nb - j), SET_CHUNK);

		CHECK_FOR_INTERRUPTS();
		while (steps-- > 0)
		{
			int			order = SET_COMPARE(&a[i], &b[j]);

			common += (order == 0);
			i += (order <= 0);
			j += (order >= 0);
		}
	}
	return common;
}

#undef SET_PREFIX
#undef SET_ELEMENT
#undef SET_COMPARE
#undef SET_MAKE_NAME_
#undef SET_MAKE_NAME
#undef SET_NAME
