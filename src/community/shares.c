/*
 * shares.c
 *		What states of type inequality say: Gini's coefficient, Lorenz's curve,
 *		the share of the top, Herfindahl's and Theil's index.
 *
 * Values are taken in their order, which does not depend on that of the rows,
 * and summed to twice the digits of a double, so that a result is right to
 * its last digits even where contributions are nearly equal.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/tuplestore.h"

#include "base/base.h"
#include "community/inequality.h"

PG_FUNCTION_INFO_V1(affinity_community_gini);
PG_FUNCTION_INFO_V1(affinity_community_lorenz);
PG_FUNCTION_INFO_V1(affinity_community_top_share);
PG_FUNCTION_INFO_V1(affinity_community_hhi);
PG_FUNCTION_INFO_V1(affinity_community_theil);

#define LORENZ_POINTS_MAX 100000

/* A number of twice the digits: high is the nearest double, low the rest. */
typedef struct Double
{
	double		high;
	double		low;
} Double;

/* Knuth's sum without an error. */
static Double
sum_of(double a, double b)
{
	Double		sum;
	double		part;

	sum.high = a + b;
	part = sum.high - a;
	sum.low = (a - (sum.high - part)) + (b - part);
	return sum;
}

static void
add(Double *to, double high, double low)
{
	Double		sum = sum_of(to->high, high);

	*to = sum_of(sum.high, sum.low + to->low + low);
}

/* A whole number of up to 106 bits times a double. */
static void
add_times(Double *to, int128 factor, double value)
{
	double		high = (double) factor;
	double		low = (double) (factor - (int128) high);
	double		product = high * value;

	add(to, product, fma(high, value, -product) + low * value);
}

static double
value_of(Double a)
{
	return a.high + a.low;
}

/* A state, of which values are read as shares of the largest. */
typedef struct Reader
{
	const Inequality *state;
	double		scale;			/* a power of 2: of the largest value */
	int64		rows;
	Double		total;			/* scaled; 0: nobody has anything */
} Reader;

static double
scaled(const Reader *reader, uint32 i)
{
	return reader->state->entries[i].value * reader->scale;
}

static Reader
read_state(const Inequality *state)
{
	Reader		reader = {state, 1, 0, {0, 0}};
	double		largest = state->entries[state->n - 1].value;
	int			exponent;

	if (largest > 0)
	{
		/* such that the largest is from 1/2 to 1, or what comes near */
		frexp(largest, &exponent);
		reader.scale = ldexp(1, Max(Min(-exponent, 1000), -1020));
	}
	for (uint32 i = 0; i < state->n; i++)
	{
		affinity_base_look_up(i);
		reader.rows += state->entries[i].count;
		add_times(&reader.total, state->entries[i].count,
				  scaled(&reader, i));
	}
	return reader;
}

/* In an argument, or the transition value of an aggregate that reads it. */
static Reader
reader_arg(FunctionCallInfo fcinfo)
{
	return read_state(affinity_community_inequality_arg(fcinfo, 0));
}

/*
 * gini(state), strict: the sum over all of (2 i - n - 1) x_i, divided by n
 * times the sum of x, where x_i is the ith from below. Of those that are
 * equal all ranks together are one whole number.
 */
Datum
affinity_community_gini(PG_FUNCTION_ARGS)
{
	Reader		reader = reader_arg(fcinfo);
	Double		sum = {0, 0};
	int64		below = 0;
	double		total = value_of(reader.total);

	if (total == 0)
		PG_RETURN_NULL();
	for (uint32 i = 0; i < reader.state->n; i++)
	{
		int64		count = reader.state->entries[i].count;

		affinity_base_look_up(i);
		add_times(&sum, (int128) count * (2 * below + count - reader.rows),
				  scaled(&reader, i));
		below += count;
	}
	PG_RETURN_FLOAT8(Max(value_of(sum) / (total * (double) reader.rows), 0));
}

/* lorenz(state, points) */
Datum
affinity_community_lorenz(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int64		points;
	Reader		reader;
	Double		sum = {0, 0};
	double		total;
	uint32		i = 0;
	int64		below = 0;		/* rows in front of the ith value */

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	affinity_base_check_not_null(fcinfo, 1, "points");
	points = PG_GETARG_INT64(1);
	if (points < 1 || points > LORENZ_POINTS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("points must be from 1 to %d, but is %lld",
						LORENZ_POINTS_MAX, (long long) points),
				 errhint("10 gives the curve at each tenth of the population.")));
	reader = reader_arg(fcinfo);
	total = value_of(reader.total);
	for (int64 point = 0; point <= points; point++)
	{
		Datum		values[2];
		bool		nulls[2] = {false, total == 0};
		int128		place = (int128) point * reader.rows;
		int64		rows = (int64) (place / points);
		int64		rest = (int64) (place % points);
		Double		share;

		while (i < reader.state->n &&
			   below + reader.state->entries[i].count <= rows)
		{
			affinity_base_look_up(i);
			add_times(&sum, reader.state->entries[i].count,
					  scaled(&reader, i));
			below += reader.state->entries[i].count;
			i++;
		}
		share = sum;
		if (i < reader.state->n)
		{
			add_times(&share, rows - below, scaled(&reader, i));
			add(&share, scaled(&reader, i) *
				((double) rest / (double) points), 0);
		}
		values[0] = Float8GetDatum((double) point / (double) points);
		values[1] = Float8GetDatum(point == points ? 1 :
								   value_of(share) / total);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

/*
 * top_share(state, p), strict, and the final function of top_share(value, p):
 * what those at the top have together of all. Where that is no whole number
 * of them, a part of the next one's counts.
 */
Datum
affinity_community_top_share(PG_FUNCTION_ARGS)
{
	double		share;
	Reader		reader;
	Double		sum = {0, 0};
	double		total;
	double		left;

	if (PG_NARGS() > 1)
		share = affinity_community_share_arg(fcinfo, 1);
	else
		share = affinity_community_inequality_of(PG_GETARG_DATUM(0))->share;
	reader = reader_arg(fcinfo);
	total = value_of(reader.total);
	if (total == 0)
		PG_RETURN_NULL();
	if (share == 1)
		PG_RETURN_FLOAT8(1);
	left = share * (double) reader.rows;
	for (uint32 i = reader.state->n; i-- > 0 && left > 0;)
	{
		int64		count = reader.state->entries[i].count;
		int64		whole = left < (double) count ? (int64) left : count;

		affinity_base_look_up(i);
		add_times(&sum, whole, scaled(&reader, i));
		left -= (double) whole;
		if (whole < count)
		{
			add(&sum, left * scaled(&reader, i), 0);
			break;
		}
	}
	PG_RETURN_FLOAT8(Min(value_of(sum) / total, 1));
}

/* hhi(state), strict: the sum of the squares of shares. */
Datum
affinity_community_hhi(PG_FUNCTION_ARGS)
{
	Reader		reader = reader_arg(fcinfo);
	double		total = value_of(reader.total);
	Double		sum = {0, 0};

	if (total == 0)
		PG_RETURN_NULL();
	for (uint32 i = 0; i < reader.state->n; i++)
	{
		double		share = scaled(&reader, i) / total;

		affinity_base_look_up(i);
		add_times(&sum, reader.state->entries[i].count, share * share);
	}
	PG_RETURN_FLOAT8(Min(value_of(sum), 1));
}

/*
 * theil(state), strict: the mean of y log(y), y being a value as a multiple
 * of the mean; y - 1, whose mean is 0, is taken off each, so that no two
 * large terms cancel.
 */
Datum
affinity_community_theil(PG_FUNCTION_ARGS)
{
	Reader		reader = reader_arg(fcinfo);
	double		total = value_of(reader.total);
	double		mean = total / (double) reader.rows;
	Double		sum = {0, 0};

	if (total == 0)
		PG_RETURN_NULL();
	for (uint32 i = 0; i < reader.state->n; i++)
	{
		double		value = scaled(&reader, i);
		double		above = (value - mean) / mean;
		double		term;

		affinity_base_look_up(i);
		if (value == 0)
			term = 1;
		else if (fabs(above) < 1e-3)
			term = above * above * (1.0 / 2 - above * (1.0 / 6 - above *
													   (1.0 / 12 - above *
														(1.0 / 20 - above / 30))));
		else
			term = (value / mean) * log(value / mean) - above;
		add_times(&sum, reader.state->entries[i].count, term);
	}
	PG_RETURN_FLOAT8(value_of(sum) / (double) reader.rows);
}
