/*
 * numeric.c
 *		The aggregate contrast_numeric: how far a number is from what it is
 *		outside of a segment.
 *
 * Values are whole numbers of 2^-60, as those of value states; their sums and
 * sums of squares are exact, so that neither the order of rows nor a large
 * mean beside a small spread matters. Rounding begins with the results.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"

#include "activity/activity.h"
#include "base/base.h"
#include "base/number.h"
#include "base/state.h"
#include "kernel/stats.h"
#include "kernel/tail.h"

PG_FUNCTION_INFO_V1(affinity_profile_numeric_accum);
PG_FUNCTION_INFO_V1(affinity_profile_numeric_combine);
PG_FUNCTION_INFO_V1(affinity_profile_numeric_final);

#define NUMERIC_AGGREGATES "Call affinity.contrast_numeric."
#define NUMERIC_MAGIC 0x4146434e
#define ROWS_MAX (INT64CONST(1) << 53)

/*
 * A whole number of 384 bits, in two's complement, the lowest part first. A
 * square is below 2^220, and all of them times ROWS_MAX below 2^326.
 */
#define WIDE_PARTS 6

typedef unsigned __int128 Twice;

typedef struct Wide
{
	uint64		parts[WIDE_PARTS];
} Wide;

/* Inside of the segment, or outside. */
typedef struct NumericSide
{
	int64		n;
	Wide		sum;			/* in 2^-60 */
	Wide		squares;		/* in 2^-120 */
} NumericSide;

/* The transition value, a bytea. */
typedef struct NumericState
{
	int32		vl_len_;		/* varlena header */
	uint32		magic;			/* NUMERIC_MAGIC */
	NumericSide sides[2];		/* outside, inside */
} NumericState;

/* ---- wide numbers ------------------------------------------------------- */

static void
wide_add(Wide *to, const Wide *from)
{
	Twice		carry = 0;

	for (int i = 0; i < WIDE_PARTS; i++)
	{
		carry += (Twice) to->parts[i] + from->parts[i];
		to->parts[i] = (uint64) carry;
		carry >>= 64;
	}
}

static bool
wide_is_negative(const Wide *a)
{
	return (a->parts[WIDE_PARTS - 1] >> 63) != 0;
}

static Wide
wide_negative(const Wide *a)
{
	Wide		one = {{1}};
	Wide		negative;

	for (int i = 0; i < WIDE_PARTS; i++)
		negative.parts[i] = ~a->parts[i];
	wide_add(&negative, &one);
	return negative;
}

static Wide
wide_of(int128 value)
{
	Wide		wide;

	memset(&wide, value < 0 ? 0xff : 0, sizeof(Wide));
	wide.parts[0] = (uint64) value;
	wide.parts[1] = (uint64) (value >> 64);
	return wide;
}

/* The lowest 384 bits of a product, whatever the signs. */
static Wide
wide_product(const Wide *a, const Wide *b)
{
	Wide		product = {{0}};

	for (int i = 0; i < WIDE_PARTS; i++)
	{
		Twice		carry = 0;

		if (a->parts[i] == 0)
			continue;
		for (int j = 0; i + j < WIDE_PARTS; j++)
		{
			carry += (Twice) a->parts[i] * b->parts[j] +
				product.parts[i + j];
			product.parts[i + j] = (uint64) carry;
			carry >>= 64;
		}
	}
	return product;
}

static Wide
wide_difference(const Wide *a, const Wide *b)
{
	Wide		difference = wide_negative(b);

	wide_add(&difference, a);
	return difference;
}

static Wide
wide_times(const Wide *a, int64 n)
{
	Wide		factor = wide_of(n);

	return wide_product(a, &factor);
}

/* Times 2^exponent, rounded. */
static double
wide_double(const Wide *a, int exponent)
{
	bool		negative = wide_is_negative(a);
	Wide		size = negative ? wide_negative(a) : *a;
	double		result = 0;

	for (int i = 0; i < WIDE_PARTS; i++)
		result += ldexp((double) size.parts[i], 64 * i + exponent);
	return negative ? -result : result;
}

/* ---- aggregate ---------------------------------------------------------- */

/* A transition value; in somebody else's aggregate it may be anything. */
static NumericState *
state_arg(Datum value)
{
	NumericState *state = affinity_base_aligned(value);
	bool		sound = VARSIZE(state) == sizeof(NumericState);

	sound = sound && state->magic == NUMERIC_MAGIC;
	for (int i = 0; sound && i < 2; i++)
		sound = state->sides[i].n >= 0 && state->sides[i].n <= ROWS_MAX;
	if (!sound)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of contrast_numeric")));
	return state;
}

static NumericState *
new_state(void)
{
	NumericState *state = palloc0(sizeof(NumericState));

	SET_VARSIZE(state, sizeof(NumericState));
	state->magic = NUMERIC_MAGIC;
	return state;
}

static void
add_side(NumericSide *to, const NumericSide *from)
{
	if (to->n + from->n > ROWS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("contrast_numeric is of too many rows")));
	to->n += from->n;
	wide_add(&to->sum, &from->sum);
	wide_add(&to->squares, &from->squares);
}

static NumericSide
side_of(double value)
{
	NumericSide side;

	affinity_base_within(value, AFFINITY_VALUE_MAX, "value",
						 "Values reach from -1e15 to 1e15. " AFFINITY_LARGER_UNIT "; the standardized difference stays the same.");
	side.n = 1;
	side.sum = wide_of(affinity_activity_value_of(value));
	side.squares = wide_product(&side.sum, &side.sum);
	return side;
}

/* (state, in_segment, value) */
Datum
affinity_profile_numeric_accum(PG_FUNCTION_ARGS)
{
	NumericState *state = NULL;
	NumericSide row;

	if (fcinfo->flinfo->fn_extra == NULL)
	{
		affinity_base_check_aggregate(fcinfo, NUMERIC_AGGREGATES);
		fcinfo->flinfo->fn_extra = fcinfo->flinfo;
	}
	if (!PG_ARGISNULL(0))
		state = state_arg(PG_GETARG_DATUM(0));
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		row = side_of(PG_GETARG_FLOAT8(2));
		if (state == NULL)
			state = new_state();
		add_side(&state->sides[PG_GETARG_BOOL(1) ? 1 : 0], &row);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* strict */
Datum
affinity_profile_numeric_combine(PG_FUNCTION_ARGS)
{
	NumericState *a;
	NumericState *b;

	affinity_base_check_aggregate(fcinfo, NUMERIC_AGGREGATES);
	a = state_arg(PG_GETARG_DATUM(0));
	b = state_arg(PG_GETARG_DATUM(1));
	for (int i = 0; i < 2; i++)
		add_side(&a->sides[i], &b->sides[i]);
	PG_RETURN_POINTER(a);
}

/* ---- results ------------------------------------------------------------ */

/* The columns of the composite; NAN is NULL. */
typedef struct Difference
{
	double		mean[2];
	double		sd[2];
	double		standardized;
	double		low;
	double		high;
	double		t;
	double		df;
	double		p;
} Difference;

/* The sum of squared deviations from the mean. */
static double
spread_of(const NumericSide *side)
{
	Wide		squares = wide_times(&side->squares, side->n);
	Wide		square = wide_product(&side->sum, &side->sum);
	Wide		spread = wide_difference(&squares, &square);

	return Max(wide_double(&spread, -2 * VALUE_SCALE_BITS), 0) /
		(double) side->n;
}

/* The mean inside less that outside: the means may be alike in all digits. */
static double
mean_difference(const NumericSide *out, const NumericSide *in)
{
	Wide		a = wide_times(&in->sum, out->n);
	Wide		b = wide_times(&out->sum, in->n);
	Wide		difference = wide_difference(&a, &b);

	return wide_double(&difference, -VALUE_SCALE_BITS) /
		((double) in->n * (double) out->n);
}

/*
 * Cohen's d with Hedges' and Olkin's large-sample variance, and Welch's test
 * with Satterthwaite's degrees of freedom.
 */
static void
compare_sides(const NumericSide *sides, const double *spread, Difference *to)
{
	double		n[2] = {(double) sides[0].n, (double) sides[1].n};
	double		rows = n[0] + n[1];
	double		difference = mean_difference(&sides[0], &sides[1]);
	double		pooled = sqrt((spread[0] + spread[1]) / (rows - 2));
	double		error[2];		/* squares of the means' standard errors */

	if (rows > 2 && pooled > 0)
	{
		double		d = difference / pooled;
		double		width = AFFINITY_Z_95 *
			sqrt(rows / (n[0] * n[1]) + d * d / (2 * rows));

		to->standardized = d;
		to->low = d - width;
		to->high = d + width;
	}
	if (n[0] < 2 || n[1] < 2)
		return;
	for (int i = 0; i < 2; i++)
		error[i] = spread[i] / (n[i] - 1) / n[i];
	if (error[0] + error[1] > 0)
	{
		/* shares of the error: its square may be too small to be a number */
		double		share = error[0] / (error[0] + error[1]);

		to->t = difference / sqrt(error[0] + error[1]);
		to->df = 1 / (share * share / (n[0] - 1) +
					  (1 - share) * (1 - share) / (n[1] - 1));
		to->p = affinity_kernel_t_tail(to->t, to->df);
	}
}

/* strict */
Datum
affinity_profile_numeric_final(PG_FUNCTION_ARGS)
{
	NumericState *state;
	Difference	result;
	double		spread[2] = {0, 0};
	TupleDesc	desc;
	Datum		values[12];
	bool		nulls[12] = {false};

	affinity_base_check_aggregate(fcinfo, NUMERIC_AGGREGATES);
	state = state_arg(PG_GETARG_DATUM(0));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	for (int i = 0; i < (int) (sizeof(Difference) / sizeof(double)); i++)
		((double *) &result)[i] = NAN;
	for (int i = 0; i < 2; i++)
	{
		const NumericSide *side = &state->sides[i];

		if (side->n > 0)
		{
			result.mean[i] = wide_double(&side->sum, -VALUE_SCALE_BITS) /
				(double) side->n;
			spread[i] = spread_of(side);
		}
		if (side->n > 1)
			result.sd[i] = sqrt(spread[i] / (double) (side->n - 1));
	}
	if (state->sides[0].n > 0 && state->sides[1].n > 0)
		compare_sides(state->sides, spread, &result);
	values[0] = Int64GetDatum(state->sides[1].n);
	values[1] = Int64GetDatum(state->sides[0].n);
	values[2] = Float8GetDatum(result.mean[1]);
	values[3] = Float8GetDatum(result.mean[0]);
	values[4] = Float8GetDatum(result.sd[1]);
	values[5] = Float8GetDatum(result.sd[0]);
	values[6] = Float8GetDatum(result.standardized);
	values[7] = Float8GetDatum(result.low);
	values[8] = Float8GetDatum(result.high);
	values[9] = Float8GetDatum(result.t);
	values[10] = Float8GetDatum(result.df);
	values[11] = Float8GetDatum(result.p);
	for (int i = 2; i < 12; i++)
		nulls[i] = isnan(DatumGetFloat8(values[i]));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}
