/*
 * aggregate.c
 *		dot, cosine, euclidean, manhattan and pearson of two columns.
 *
 * Three kinds of state, each an array of double (see state.c): products (dot,
 * cosine), differences (euclidean, manhattan) and comoments (pearson). Each
 * has a transition function that adds a row and a function that combines two
 * states; aggregates over the same state share its transition when they stand
 * in one query.
 *
 * Squares of large or tiny values would leave the range of double. So a state
 * keeps its sums in units of 2^(256 * (level - LEVEL_ONE)). The level rises
 * with the largest value seen; with values that are not extreme it is
 * LEVEL_ONE, where the unit is 1. All units are powers of two, so that
 * changing them loses nothing but what is too small to matter beside the
 * largest value.
 */
#include "postgres.h"

#include <math.h>

#include "utils/array.h"
#include "utils/float.h"

#include "similarity/similarity.h"

#define LEVELS 7
#define LEVEL_ONE 3				/* the level whose unit is 1 */
#define LEVEL_BITS 256

/* Values from here on need a higher level; the last level takes all. */
static const double level_limit[LEVELS] = {
	0x1p-640, 0x1p-384, 0x1p-128, 0x1p128, 0x1p384, 0x1p640, HUGE_VAL
};

/* What brings values to the unit of a level. */
static const double level_scale[LEVELS] = {
	0x1p768, 0x1p512, 0x1p256, 1, 0x1p-256, 0x1p-512, 0x1p-768
};

/* Layouts of the states, all starting at level 0 with nothing but zeros. */
typedef struct Products
{
	double		n;				/* rows */
	double		level_x;
	double		level_y;
	double		xx;				/* in units of level_x, squared */
	double		yy;				/* in units of level_y, squared */
	double		xy;				/* in units of level_x times level_y */
	double		plain_xy;		/* the same sum in units of 1 */
} Products;

typedef struct Differences
{
	double		n;				/* rows */
	double		level;
	double		squares;		/* in units of level, squared */
	double		absolute;		/* in units of 1 */
} Differences;

typedef struct Comoments
{
	double		n;				/* rows */
	double		level_x;
	double		level_y;
	double		mean_x;			/* in units of level_x */
	double		mean_y;			/* in units of level_y */
	double		xx;				/* sums of products of deviations from the */
	double		yy;				/* means, in the same units as the Products */
	double		xy;
} Comoments;

PG_FUNCTION_INFO_V1(affinity_similarity_products_accum);
PG_FUNCTION_INFO_V1(affinity_similarity_products_combine);
PG_FUNCTION_INFO_V1(affinity_similarity_dot_final);
PG_FUNCTION_INFO_V1(affinity_similarity_cosine_final);
PG_FUNCTION_INFO_V1(affinity_similarity_differences_accum);
PG_FUNCTION_INFO_V1(affinity_similarity_differences_combine);
PG_FUNCTION_INFO_V1(affinity_similarity_euclidean_final);
PG_FUNCTION_INFO_V1(affinity_similarity_manhattan_final);
PG_FUNCTION_INFO_V1(affinity_similarity_comoments_accum);
PG_FUNCTION_INFO_V1(affinity_similarity_comoments_combine);
PG_FUNCTION_INFO_V1(affinity_similarity_pearson_final);

/* ---- levels ---- */

/*
 * A level as stored in a state that anybody may have made up.
 */
static int
level_index(double level)
{
	if (!(level >= 0 && level < LEVELS) || level != floor(level))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid level %g in aggregate state", level),
				 errhint("Call the aggregate instead of its support function.")));
	return (int) level;
}

/* The level that a value needs, if that is above the given one. */
static int
level_for(double value, int level)
{
	double		size = fabs(value);

	if (size < level_limit[level] || !isfinite(size))
		return level;
	while (size >= level_limit[level])
		level++;
	return level;
}

/*
 * A sum of order-th powers, when its unit changes from one level to another.
 */
static double
level_convert(double sum, int from, int to, int order)
{
	return from == to ? sum : ldexp(sum, LEVEL_BITS * order * (from - to));
}

/* ---- products: dot and cosine ---- */

static void
products_raise(Products *p, int to_x, int to_y)
{
	int			x = level_index(p->level_x);
	int			y = level_index(p->level_y);

	if (to_x == x && to_y == y)
		return;
	p->xx = level_convert(p->xx, x, to_x, 2);
	p->yy = level_convert(p->yy, y, to_y, 2);
	p->xy = level_convert(p->xy, x + y, to_x + to_y, 1);
	p->level_x = to_x;
	p->level_y = to_y;
}

Datum
affinity_similarity_products_accum(PG_FUNCTION_ARGS)
{
	ArrayType  *state;
	Products   *p = affinity_similarity_own_state(fcinfo, &state, sizeof(*p));
	double		x = PG_GETARG_FLOAT8(1);
	double		y = PG_GETARG_FLOAT8(2);
	int			level_x = level_for(x, level_index(p->level_x));
	int			level_y = level_for(y, level_index(p->level_y));

	products_raise(p, level_x, level_y);
	p->n += 1;
	p->plain_xy += x * y;
	x *= level_scale[level_x];
	y *= level_scale[level_y];
	p->xx += x * x;
	p->yy += y * y;
	p->xy += x * y;
	PG_RETURN_ARRAYTYPE_P(state);
}

Datum
affinity_similarity_products_combine(PG_FUNCTION_ARGS)
{
	ArrayType  *state;
	Products   *p = affinity_similarity_own_state(fcinfo, &state, sizeof(*p));
	Products	q;
	int			level_x;
	int			level_y;

	memcpy(&q, affinity_similarity_state(fcinfo, 1, sizeof(q)), sizeof(q));
	level_x = Max(level_index(p->level_x), level_index(q.level_x));
	level_y = Max(level_index(p->level_y), level_index(q.level_y));
	products_raise(p, level_x, level_y);
	products_raise(&q, level_x, level_y);
	p->n += q.n;
	p->plain_xy += q.plain_xy;
	p->xx += q.xx;
	p->yy += q.yy;
	p->xy += q.xy;
	PG_RETURN_ARRAYTYPE_P(state);
}

Datum
affinity_similarity_dot_final(PG_FUNCTION_ARGS)
{
	const Products *p = affinity_similarity_state(fcinfo, 0, sizeof(*p));

	if (p->n == 0)
		PG_RETURN_NULL();
	if (isfinite(p->plain_xy))
		PG_RETURN_FLOAT8(p->plain_xy);
	PG_RETURN_FLOAT8(level_convert(p->xy,
								   level_index(p->level_x) +
								   level_index(p->level_y),
								   2 * LEVEL_ONE, 1));
}

/*
 * xy / sqrt(xx * yy): NaN if anything is not finite, NULL if either is 0.
 */
static Datum
angle_datum(FunctionCallInfo fcinfo, double xx, double yy, double xy)
{
	if (!isfinite(xx) || !isfinite(yy) || !isfinite(xy))
		PG_RETURN_FLOAT8(get_float8_nan());
	if (xx <= 0 || yy <= 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(affinity_similarity_ratio_angle(xx, yy, xy));
}

Datum
affinity_similarity_cosine_final(PG_FUNCTION_ARGS)
{
	const Products *p = affinity_similarity_state(fcinfo, 0, sizeof(*p));

	return angle_datum(fcinfo, p->xx, p->yy, p->xy);
}

/* ---- differences: euclidean and manhattan ---- */

static void
differences_raise(Differences *d, int to)
{
	d->squares = level_convert(d->squares, level_index(d->level), to, 2);
	d->level = to;
}

Datum
affinity_similarity_differences_accum(PG_FUNCTION_ARGS)
{
	ArrayType  *state;
	Differences *d = affinity_similarity_own_state(fcinfo, &state, sizeof(*d));
	double		difference = PG_GETARG_FLOAT8(1) - PG_GETARG_FLOAT8(2);
	int			level = level_for(difference, level_index(d->level));

	differences_raise(d, level);
	d->n += 1;
	d->absolute += fabs(difference);
	difference *= level_scale[level];
	d->squares += difference * difference;
	PG_RETURN_ARRAYTYPE_P(state);
}

Datum
affinity_similarity_differences_combine(PG_FUNCTION_ARGS)
{
	ArrayType  *state;
	Differences *d = affinity_similarity_own_state(fcinfo, &state, sizeof(*d));
	Differences e;
	int			level;

	memcpy(&e, affinity_similarity_state(fcinfo, 1, sizeof(e)), sizeof(e));
	level = Max(level_index(d->level), level_index(e.level));
	differences_raise(d, level);
	differences_raise(&e, level);
	d->n += e.n;
	d->absolute += e.absolute;
	d->squares += e.squares;
	PG_RETURN_ARRAYTYPE_P(state);
}

Datum
affinity_similarity_euclidean_final(PG_FUNCTION_ARGS)
{
	const Differences *d = affinity_similarity_state(fcinfo, 0, sizeof(*d));

	if (d->n == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(level_convert(sqrt(d->squares), level_index(d->level),
								   LEVEL_ONE, 1));
}

Datum
affinity_similarity_manhattan_final(PG_FUNCTION_ARGS)
{
	const Differences *d = affinity_similarity_state(fcinfo, 0, sizeof(*d));

	if (d->n == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(d->absolute);
}

/* ---- comoments: pearson ---- */

static void
comoments_raise(Comoments *c, int to_x, int to_y)
{
	int			x = level_index(c->level_x);
	int			y = level_index(c->level_y);

	if (to_x == x && to_y == y)
		return;
	c->mean_x = level_convert(c->mean_x, x, to_x, 1);
	c->mean_y = level_convert(c->mean_y, y, to_y, 1);
	c->xx = level_convert(c->xx, x, to_x, 2);
	c->yy = level_convert(c->yy, y, to_y, 2);
	c->xy = level_convert(c->xy, x + y, to_x + to_y, 1);
	c->level_x = to_x;
	c->level_y = to_y;
}

/*
 * Merge rows with the given means and sums into c, in the same units: B. P.
 * Welford's update (Technometrics 4, 1962) in the pairwise form of Chan,
 * Golub and LeVeque (1983). Equal means leave the sums exactly as they are,
 * so that a constant column has no variance. PostgreSQL's float8_regr_accum
 * is not used: there 0.1, 0.1, 0.1 has one, and large values are an error.
 */
static void
comoments_merge(Comoments *c, double n, double mean_x, double mean_y)
{
	double		total = c->n + n;
	double		dx = mean_x - c->mean_x;
	double		dy = mean_y - c->mean_y;
	double		share = n / total;
	double		weight = c->n * share;

	c->mean_x += dx * share;
	c->mean_y += dy * share;
	c->xx += dx * dx * weight;
	c->yy += dy * dy * weight;
	c->xy += dx * dy * weight;
	c->n = total;
}

Datum
affinity_similarity_comoments_accum(PG_FUNCTION_ARGS)
{
	ArrayType  *state;
	Comoments  *c = affinity_similarity_own_state(fcinfo, &state, sizeof(*c));
	double		x = PG_GETARG_FLOAT8(1);
	double		y = PG_GETARG_FLOAT8(2);
	int			level_x = level_for(x, level_index(c->level_x));
	int			level_y = level_for(y, level_index(c->level_y));

	comoments_raise(c, level_x, level_y);
	comoments_merge(c, 1, x * level_scale[level_x], y * level_scale[level_y]);
	PG_RETURN_ARRAYTYPE_P(state);
}

Datum
affinity_similarity_comoments_combine(PG_FUNCTION_ARGS)
{
	ArrayType  *state;
	Comoments  *c = affinity_similarity_own_state(fcinfo, &state, sizeof(*c));
	Comoments	d;
	int			level_x;
	int			level_y;

	memcpy(&d, affinity_similarity_state(fcinfo, 1, sizeof(d)), sizeof(d));
	level_x = Max(level_index(c->level_x), level_index(d.level_x));
	level_y = Max(level_index(c->level_y), level_index(d.level_y));
	if (d.n == 0)
		PG_RETURN_ARRAYTYPE_P(state);
	comoments_raise(c, level_x, level_y);
	comoments_raise(&d, level_x, level_y);
	comoments_merge(c, d.n, d.mean_x, d.mean_y);
	c->xx += d.xx;
	c->yy += d.yy;
	c->xy += d.xy;
	PG_RETURN_ARRAYTYPE_P(state);
}

Datum
affinity_similarity_pearson_final(PG_FUNCTION_ARGS)
{
	const Comoments *c = affinity_similarity_state(fcinfo, 0, sizeof(*c));

	if (c->n < 2)
		PG_RETURN_NULL();
	return angle_datum(fcinfo, c->xx, c->yy, c->xy);
}
