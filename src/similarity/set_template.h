/*
 * set_template.h
 *		Sorting, deduplicating and intersecting for one type of element.
 *
 * Before including it define SET_PREFIX, SET_ELEMENT (the type),
 * SET_COMPARE(a, b) (negative, zero or positive for two pointers),
 * SET_ORDER(v, n) (what sorts n elements; PREFIX_sort is made here) and, if
 * elements compare by operators, SET_IS_NUMBER, and if an array has them as
 * they are, SET_IN_PLACE; they are undefined at the end. A set is a strictly
 * ascending run of elements.
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
	for (size_t i = 1; i < n; i++)
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

	SET_ORDER(v, n);
	for (size_t i = 0; i < n; i++)
	{
		if (i % SET_CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
		if (kept == 0 || SET_COMPARE(&v[kept - 1], &v[i]) != 0)
			v[kept++] = v[i];
	}
	return kept;
}

#ifdef SET_IN_PLACE
/*
 * An array as a set of *n elements: where it lies, or a copy.
 */
static const SET_ELEMENT *
SET_NAME(read) (ArrayType *array, size_t *n)
{
	const SET_ELEMENT *data = (const SET_ELEMENT *) ARR_DATA_PTR(array);
	size_t		present = set_count_present(array);
	SET_ELEMENT *result;

	*n = present;
	if (SET_NAME(is_set) (data, present))
		return data;
	result = set_alloc(present, sizeof(SET_ELEMENT));
	memcpy(result, data, present * sizeof(SET_ELEMENT));
	*n = SET_NAME(make_set) (result, present);
	return result;
}
#endif

/* Look at a[i] and b[j], count them if equal, move on where the lesser is. */
#ifdef SET_IS_NUMBER
#define SET_STEP(i, j) \
	do { \
		SET_ELEMENT x = a[i]; \
		SET_ELEMENT y = b[j]; \
\
		common += (x == y); \
		i += (x <= y); \
		j += (x >= y); \
	} while (0)
#else
#define SET_STEP(i, j) \
	do { \
		int			order = SET_COMPARE(&a[i], &b[j]); \
\
		common += (order == 0); \
		i += (order <= 0); \
		j += (order >= 0); \
	} while (0)
#endif

/*
 * How many elements the sets a and b share.
 *
 * A step moves on in a, in b or in both, by one: so many steps as the shorter
 * remainder has elements need no check of bounds, and no step has a branch,
 * which would be mispredicted half of the time. What is left is the wait for
 * the previous step; so both sets are cut at one value, and the lower and the
 * upper parts are merged in turns.
 */
static size_t
SET_NAME(count_common) (const SET_ELEMENT *a, size_t na,
						const SET_ELEMENT *b, size_t nb)
{
	size_t		cut_a = na / 2;
	size_t		cut_b = 0;
	size_t		width = nb;
	size_t		common = 0;
	size_t		steps;
	size_t		i = 0;
	size_t		j = 0;
	size_t		k = cut_a;
	size_t		l;

	if (na == 0 || nb == 0)
		return 0;
	while (width > 0)
	{
		size_t		half = width / 2;

		if (SET_COMPARE(&b[cut_b + half], &a[cut_a]) < 0)
		{
			cut_b += half + 1;
			width -= half + 1;
		}
		else
			width = half;
	}
	l = cut_b;

	while (i < cut_a && j < cut_b && k < na && l < nb)
	{
		steps = Min(Min(cut_a - i, cut_b - j), Min(na - k, nb - l));
		steps = Min(steps, SET_CHUNK);
		CHECK_FOR_INTERRUPTS();
		while (steps-- > 0)
		{
			SET_STEP(i, j);
			SET_STEP(k, l);
		}
	}
	while (i < cut_a && j < cut_b)
	{
		steps = Min(Min(cut_a - i, cut_b - j), SET_CHUNK);
		CHECK_FOR_INTERRUPTS();
		while (steps-- > 0)
			SET_STEP(i, j);
	}
	while (k < na && l < nb)
	{
		steps = Min(Min(na - k, nb - l), SET_CHUNK);
		CHECK_FOR_INTERRUPTS();
		while (steps-- > 0)
			SET_STEP(k, l);
	}
	return common;
}

#undef SET_STEP
#undef SET_ORDER
#undef SET_IS_NUMBER
#undef SET_IN_PLACE
#undef SET_PREFIX
#undef SET_ELEMENT
#undef SET_COMPARE
#undef SET_MAKE_NAME_
#undef SET_MAKE_NAME
#undef SET_NAME
