/*
 * ratio_test.c
 *		sample_ratio_test(): did the variants get as many units as they should?
 *
 * Pearson's chi-square test; for few units the exact multinomial test, which
 * adds up all outcomes that are no more likely than the one observed (of two
 * variants R's binom.test); and one that may be looked at every day, by the
 * Bayes factor of a Dirichlet prior around the expected shares (M. Lindon and
 * A. Malek, "Anytime-valid inference for multinomial count data", 2020).
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "base/number.h"
#include "kernel/special.h"
#include "kernel/tail.h"

PG_FUNCTION_INFO_V1(affinity_design_ratio_test);

#define OUTCOMES_MAX 1000000.0
#define EXACT_VARIANTS 1000		/* each is a call in another */
#define EXPECTED_LEAST 5		/* below it chi-square is a poor one */
#define UNITS_MAX (INT64CONST(1) << 53)
#define ALIKE (1 + 1e-7)		/* two chances, as R has it */
#define CONCENTRATION 10000.0	/* of the prior, as Optimizely's ssrm has it */

typedef enum RatioMethod
{
	RATIO_AUTO,
	RATIO_CHI_SQUARE,
	RATIO_EXACT,
	RATIO_SEQUENTIAL
} RatioMethod;

static const char *const method_names[] = {
	"auto", "chi_square", "exact", "sequential"
};

/* The variants that may have units at all. */
typedef struct Ratio
{
	int			n;
	int64	   *observed;
	double	   *share;
	int64		units;
	bool		impossible;		/* units where none may be */
} Ratio;

/* ---- arguments ---------------------------------------------------------- */

static void
read_arrays(FunctionCallInfo fcinfo, Ratio *ratio)
{
	ArrayType  *counts = affinity_base_array_arg(fcinfo, 0, "observed");
	ArrayType  *shares = affinity_base_array_arg(fcinfo, 1, "expected");
	const int64 *count = (const int64 *) ARR_DATA_PTR(counts);
	const float8 *share = (const float8 *) ARR_DATA_PTR(shares);
	int			n = ArrayGetNItems(ARR_NDIM(counts), ARR_DIMS(counts));
	int			n_shares = ArrayGetNItems(ARR_NDIM(shares), ARR_DIMS(shares));
	double		sum = 0;

	if (n != n_shares)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("observed has %d entries, but expected has %d", n,
						n_shares),
				 errhint("Pass a count and a share for each variant.")));
	if (n < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a ratio of samples needs at least two variants, but there are %d",
						n)));
	memset(ratio, 0, sizeof(Ratio));
	ratio->observed = affinity_base_array(n, sizeof(int64));
	ratio->share = affinity_base_array(n, sizeof(double));
	for (int i = 0; i < n; i++)
	{
		if (!(share[i] >= 0 && share[i] <= 1e100))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("expected share %d must not be negative, NaN or infinite, but is %s",
							i + 1, affinity_base_shortest(share[i])),
					 errhint("Pass the weights of the variants, for example ARRAY[0.5, 0.5].")));
		if (count[i] < 0 || count[i] > UNITS_MAX - ratio->units)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("observed count %d is out of range: %lld", i + 1,
							(long long) count[i]),
					 errhint("Pass how many units each variant got.")));
		ratio->units += count[i];
		sum += share[i];
	}
	if (sum <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("expected shares are all 0")));
	/* of the whole, as what is small beside the others may be none of it */
	for (int i = 0; i < n; i++)
	{
		if (share[i] / sum > 0)
		{
			ratio->observed[ratio->n] = count[i];
			ratio->share[ratio->n++] = share[i] / sum;
		}
		else if (count[i] > 0)
			ratio->impossible = true;
	}
}

static RatioMethod
method_arg(FunctionCallInfo fcinfo, int arg)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(arg));

	for (int i = 0; i < (int) lengthof(method_names); i++)
	{
		if (pg_strcasecmp(name, method_names[i]) == 0)
			return (RatioMethod) i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown method \"%s\"", name),
			 errhint("Pass 'auto', 'chi_square', 'exact' or 'sequential'.")));
	return RATIO_AUTO;			/* not reached */
}

/* ---- tests -------------------------------------------------------------- */

/* In how many ways so many units can fall upon the variants. */
static double
outcomes_of(const Ratio *ratio)
{
	double		outcomes = ratio->n > EXACT_VARIANTS ? INFINITY : 1;

	for (int i = 1; i < ratio->n && outcomes <= OUTCOMES_MAX; i++)
		outcomes *= ((double) ratio->units + i) / i;
	return outcomes;
}

typedef struct Outcomes
{
	const Ratio *ratio;
	const double *log_factorial;
	double		limit;			/* the chance of what was observed */
	double		sum;
	uint64		work;
} Outcomes;

/* The logarithm of share^count / count!. */
static double
part_of(const Outcomes *outcomes, int variant, int64 count)
{
	return (count == 0 ? 0
			: (double) count * log(outcomes->ratio->share[variant])) -
		outcomes->log_factorial[count];
}

/* Give the rest of the units to a variant and those that follow. */
static void
add_outcomes(Outcomes *outcomes, int variant, int64 rest, double log_chance)
{
	check_stack_depth();
	if (variant == outcomes->ratio->n - 1)
	{
		double		chance = exp(log_chance +
								 part_of(outcomes, variant, rest));

		affinity_base_look_after(&outcomes->work, 1);
		if (chance <= outcomes->limit)
			outcomes->sum += chance;
		return;
	}
	for (int64 count = 0; count <= rest; count++)
		add_outcomes(outcomes, variant + 1, rest - count,
					 log_chance + part_of(outcomes, variant, count));
}

static double
exact_p(const Ratio *ratio)
{
	double	   *log_factorial = affinity_base_array(ratio->units + 1,
													sizeof(double));
	Outcomes	outcomes = {ratio, log_factorial, 0, 0, 0};
	double		observed;

	log_factorial[0] = 0;
	for (int64 i = 1; i <= ratio->units; i++)
		log_factorial[i] = lgamma((double) i + 1);
	observed = log_factorial[ratio->units];
	for (int i = 0; i < ratio->n; i++)
		observed += part_of(&outcomes, i, ratio->observed[i]);
	outcomes.limit = exp(observed) * ALIKE;
	add_outcomes(&outcomes, 0, ratio->units, log_factorial[ratio->units]);
	return Min(outcomes.sum, 1);
}

static double
chi_square_of(const Ratio *ratio)
{
	double		sum = 0;

	for (int i = 0; i < ratio->n; i++)
	{
		double		expected = (double) ratio->units * ratio->share[i];
		double		difference = (double) ratio->observed[i] - expected;

		sum += difference * difference / expected;
	}
	return sum;
}

/* One over the Bayes factor: valid whenever it is looked at. */
static double
sequential_p(const Ratio *ratio)
{
	double		log_factor = -affinity_kernel_rising(CONCENTRATION,
													 (double) ratio->units);

	for (int i = 0; i < ratio->n; i++)
	{
		double		n = (double) ratio->observed[i];

		if (n > 0)
			log_factor += affinity_kernel_rising(CONCENTRATION *
												 ratio->share[i], n) -
				n * log(ratio->share[i]);
	}
	return log_factor > 0 ? exp(-log_factor) : 1;
}

/* (observed, expected, method), strict */
Datum
affinity_design_ratio_test(PG_FUNCTION_ARGS)
{
	Ratio		ratio;
	RatioMethod method = method_arg(fcinfo, 2);
	double		least = INFINITY;
	TupleDesc	desc;
	Datum		values[5];
	bool		nulls[5] = {false};
	double		chi_square;
	double		p;

	read_arrays(fcinfo, &ratio);
	for (int i = 0; i < ratio.n; i++)
		least = Min(least, (double) ratio.units * ratio.share[i]);
	if (method == RATIO_AUTO)
		method = least < EXPECTED_LEAST && outcomes_of(&ratio) <= OUTCOMES_MAX
			? RATIO_EXACT : RATIO_CHI_SQUARE;
	else if (method == RATIO_EXACT && outcomes_of(&ratio) > OUTCOMES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("an exact test of %lld units in %d variants has more than %.0f outcomes",
						(long long) ratio.units, ratio.n, OUTCOMES_MAX),
				 errhint("Pass method => 'chi_square', which is as good for so many.")));
	chi_square = ratio.impossible ? INFINITY : chi_square_of(&ratio);
	if (ratio.units == 0)
	{
		chi_square = 0;
		p = 1;
	}
	else if (ratio.impossible)
		p = 0;
	else if (ratio.n == 1)
		p = 1;
	else if (method == RATIO_EXACT)
		p = exact_p(&ratio);
	else if (method == RATIO_SEQUENTIAL)
		p = sequential_p(&ratio);
	else
		p = affinity_kernel_chi_square_tail(chi_square, ratio.n - 1);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum(ratio.units);
	values[1] = Float8GetDatum(chi_square);
	values[2] = Int64GetDatum(ratio.n - 1);
	values[3] = Float8GetDatum(p);
	values[4] = CStringGetTextDatum(method_names[method]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}
