/*
 * prior.c
 *		The aggregate bayesian_prior: what bayesian_average is to begin from,
 *		by how much more items differ than their own rows would have it.
 *
 * The estimate of Bühlmann and Straub, "Glaubwürdigkeit für Schadensätze"
 * (1970), with the mean of all rows: the variance within items, divided by
 * that between them. All sums are exact.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"

#include "base/base.h"
#include "base/number.h"
#include "base/state.h"
#include "kernel/exact.h"

PG_FUNCTION_INFO_V1(affinity_trending_prior_accum);
PG_FUNCTION_INFO_V1(affinity_trending_prior_combine);
PG_FUNCTION_INFO_V1(affinity_trending_prior_final);

#define PRIOR_AGGREGATES "Call affinity.bayesian_prior."
#define PRIOR_MAGIC 0x41465052
#define SUM_ARG 1
#define N_ARG 2
#define SQUARES_ARG 3
#define N_MAX 9007199254740992.0	/* 2^53 */
#define ROWS_MAX (UINT64CONST(1) << 62)

typedef enum PriorSum
{
	PRIOR_SUM,					/* of x, the sum of an item's rows */
	PRIOR_BETWEEN,				/* of x^2 / n */
	PRIOR_WITHIN,				/* of squares less x^2 / n */
	PRIOR_SIZES					/* of n^2 */
} PriorSum;

#define PRIOR_SUMS 4
#define LIMB_MAX (INT64CONST(1) << 60)	/* far more than one comes to */
#define SUM_SIZE AFFINITY_EXACT_SIZE(AFFINITY_EXACT_ROOM)

/* The transition value, a bytea. */
typedef struct Prior
{
	int32		vl_len_;		/* varlena header */
	uint32		magic;			/* PRIOR_MAGIC */
	uint64		items;
	uint64		rows;
	char		sums[PRIOR_SUMS * SUM_SIZE];	/* AffinityExact, all limbs */
} Prior;

static AffinityExact *
sum_of(const Prior *prior, PriorSum which)
{
	return (AffinityExact *) (prior->sums + which * SUM_SIZE);
}

/* A transition value; in somebody else's aggregate it may be anything. */
static Prior *
prior_of(Datum value)
{
	Prior	   *prior = affinity_base_aligned(value);
	bool		sound = VARSIZE(prior) == sizeof(Prior);

	sound = sound && prior->magic == PRIOR_MAGIC && prior->rows <= ROWS_MAX;
	for (int i = 0; sound && i < PRIOR_SUMS; i++)
	{
		const AffinityExact *sum = sum_of(prior, i);

		sound = sum->first == 0 && sum->room == AFFINITY_EXACT_ROOM &&
			sum->pending <= AFFINITY_EXACT_PENDING;
		for (int j = 0; j < AFFINITY_EXACT_ROOM; j++)
			sound &= -LIMB_MAX < sum->limb[j] && sum->limb[j] < LIMB_MAX;
	}
	if (!sound)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of bayesian_prior")));
	return prior;
}

static Prior *
new_prior(void)
{
	Prior	   *prior = palloc0(sizeof(Prior));

	SET_VARSIZE(prior, sizeof(Prior));
	prior->magic = PRIOR_MAGIC;
	for (int i = 0; i < PRIOR_SUMS; i++)
		affinity_kernel_exact_begin(sum_of(prior, i), 0, AFFINITY_EXACT_ROOM);
	return prior;
}

static void
count_rows(Prior *prior, uint64 rows)
{
	if (prior->rows + rows > ROWS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("bayesian_prior is of too many rows")));
	prior->rows += rows;
}

/* A finite number. */
static double
number_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	return affinity_base_finite(PG_GETARG_FLOAT8(arg), name);
}

/* How many rows an item has; 0 where it says nothing. */
static double
n_arg(FunctionCallInfo fcinfo, double sum)
{
	double		n = number_arg(fcinfo, N_ARG, "n");

	if (n < 0 || n != floor(n) || n > N_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n must be a whole number of 0 or more, but is %s",
						affinity_base_shortest(n)),
				 errhint("It is how many rows the item has.")));
	if (n == 0 && sum != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a sum of no rows must be 0, but is %s", affinity_base_shortest(sum))));
	return n;
}

/* The sum of the squares of an item's rows: without one its rows are 0 or 1. */
static double
squares_arg(FunctionCallInfo fcinfo, double sum, double n, double between)
{
	double		squares = sum;

	if (PG_NARGS() > SQUARES_ARG)
		squares = number_arg(fcinfo, SQUARES_ARG, "sum_of_squares");
	else if (sum < 0 || sum > n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("without a sum of squares rows are 0 or 1, but the sum of %s is %s",
						affinity_base_shortest(n), affinity_base_shortest(sum)),
				 errhint("For ratings write affinity.bayesian_prior(sum, n, sum_of_squares).")));
	if (isinf(between))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("sum %s is out of range", affinity_base_shortest(sum))));
	if (squares < between - 1e-9 * between)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s cannot be the sum of squares of %s rows whose sum is %s",
						affinity_base_shortest(squares), affinity_base_shortest(n), affinity_base_shortest(sum)),
				 errhint("Write sum(rating ^ 2).")));
	return squares;
}

/* (state, sum, n [, sum_of_squares]) */
Datum
affinity_trending_prior_accum(PG_FUNCTION_ARGS)
{
	Prior	   *prior = NULL;
	double		sum;
	double		n;
	double		between;
	double		squares;

	if (fcinfo->flinfo->fn_extra == NULL)
	{
		affinity_base_check_aggregate(fcinfo, PRIOR_AGGREGATES);
		fcinfo->flinfo->fn_extra = fcinfo->flinfo;
	}
	if (!PG_ARGISNULL(0))
		prior = prior_of(PG_GETARG_DATUM(0));
	if (!PG_ARGISNULL(SUM_ARG) && !PG_ARGISNULL(N_ARG) &&
		(PG_NARGS() <= SQUARES_ARG || !PG_ARGISNULL(SQUARES_ARG)))
	{
		if (prior == NULL)
			prior = new_prior();
		sum = number_arg(fcinfo, SUM_ARG, "sum");
		n = n_arg(fcinfo, sum);
		if (n > 0)
		{
			between = sum * sum / n;
			squares = squares_arg(fcinfo, sum, n, between);
			count_rows(prior, (uint64) n);
			prior->items++;
			/* sums of all limbs never ask for room */
			affinity_kernel_exact_add(sum_of(prior, PRIOR_SUM), sum);
			affinity_kernel_exact_add(sum_of(prior, PRIOR_BETWEEN), between);
			affinity_kernel_exact_add(sum_of(prior, PRIOR_WITHIN), squares);
			affinity_kernel_exact_add(sum_of(prior, PRIOR_WITHIN), -between);
			affinity_kernel_exact_add_product(sum_of(prior, PRIOR_SIZES),
											  affinity_kernel_exact_term(n),
											  affinity_kernel_exact_term(n));
		}
	}
	if (prior == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(prior);
}

typedef union PackedSum
{
	AffinityExactPacked sum;
	char		room[AFFINITY_EXACT_PACKED_MAX];
} PackedSum;

/* strict */
Datum
affinity_trending_prior_combine(PG_FUNCTION_ARGS)
{
	Prior	   *a;
	Prior	   *b;

	affinity_base_check_aggregate(fcinfo, PRIOR_AGGREGATES);
	a = prior_of(PG_GETARG_DATUM(0));
	b = prior_of(PG_GETARG_DATUM(1));
	count_rows(a, b->rows);
	a->items += b->items;
	for (int i = 0; i < PRIOR_SUMS; i++)
	{
		PackedSum	packed;

		affinity_kernel_exact_pack(sum_of(b, i), &packed.sum);
		affinity_kernel_exact_merge(sum_of(a, i), &packed.sum);
	}
	PG_RETURN_POINTER(a);
}

/* strict */
Datum
affinity_trending_prior_final(PG_FUNCTION_ARGS)
{
	Prior	   *prior;
	PackedSum	sums[PRIOR_SUMS];
	TupleDesc	desc;
	Datum		values[2] = {0, 0};
	bool		nulls[2] = {false, true};
	double		rows;
	double		items;

	affinity_base_check_aggregate(fcinfo, PRIOR_AGGREGATES);
	prior = prior_of(PG_GETARG_DATUM(0));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (prior->rows == 0)
		PG_RETURN_NULL();
	for (int i = 0; i < PRIOR_SUMS; i++)
		affinity_kernel_exact_pack(sum_of(prior, i), &sums[i].sum);
	rows = (double) prior->rows;
	items = (double) prior->items;
	values[0] = Float8GetDatum(affinity_kernel_exact_double(&sums[PRIOR_SUM].sum) /
							   rows);
	if (prior->items > 1 && prior->rows > prior->items)
	{
		int			exponent;
		double		central = affinity_kernel_exact_central(prior->rows,
															&sums[PRIOR_BETWEEN].sum,
															&sums[PRIOR_SUM].sum,
															&sums[PRIOR_SUM].sum,
															&exponent);
		double		between = ldexp(central, exponent) / rows / (items - 1);
		double		within = affinity_kernel_exact_double(&sums[PRIOR_WITHIN].sum) /
			(rows - items);
		double		size = (rows -
							affinity_kernel_exact_double(&sums[PRIOR_SIZES].sum) /
							rows) / (items - 1);

		within = Max(within, 0);
		values[1] = Float8GetDatum(between > within ?
								   within * size / (between - within)
								   : HUGE_VAL);
		nulls[1] = false;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}
