/*
 * fit.c
 *		The fit of a model: what all of them have in common.
 *
 * The logarithms of the parameters are free of bounds. From the better ones
 * of some starts the likelihood is climbed by BFGS, where customers are many
 * on every nth of them first, in order of their values; Newton's method ends
 * it, and its matrix gives the standard errors. Times and amounts are divided
 * by a power of two near the largest, so that their unit does not matter.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "base/base.h"
#include "lifetime/lifetime.h"

/* Parameters are sought within e^-LIMIT and e^LIMIT, in units of the data. */
#define LIMIT 30.0
#define TRIES 3					/* starts that are followed */
#define SAMPLE 8192				/* customers who find the way */
#define RESTARTS 2
#define NEAR 5.0				/* e^5 is not yet on the way to infinity */

/*
 * Where customers are many the search in all of them starts near its end. Of a
 * likelihood that only rises, more evaluations would not find a maximum.
 */
#define MANY_CALLS 160

PG_FUNCTION_INFO_V1(affinity_lifetime_bg_nbd_final);
PG_FUNCTION_INFO_V1(affinity_lifetime_mbg_nbd_final);
PG_FUNCTION_INFO_V1(affinity_lifetime_pareto_nbd_final);
PG_FUNCTION_INFO_V1(affinity_lifetime_bg_bb_final);
PG_FUNCTION_INFO_V1(affinity_lifetime_gamma_gamma_final);
PG_FUNCTION_INFO_V1(affinity_lifetime_sbg_final);
PG_FUNCTION_INFO_V1(affinity_lifetime_bdw_final);

typedef struct Fit
{
	const LifetimeModel *model;
	LifetimeData data;
} Fit;

static inline int
compare_rows(const LifetimeRow *a, const LifetimeRow *b)
{
	for (int i = 0; i < LIFETIME_VALUES; i++)
		if (a->value[i] != b->value[i])
			return a->value[i] < b->value[i] ? -1 : 1;
	return a->weight < b->weight ? -1 : a->weight > b->weight;
}

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE LifetimeRow
#define ST_COMPARE(a, b) compare_rows(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * The customers of a state, in order of their values whatever the order of
 * its rows, each value once. *n becomes their number.
 */
static LifetimeCustomer *
customers_of(Datum state, LifetimeKind kind, uint32 *n)
{
	uint64		n_rows;
	LifetimeRow *given = affinity_lifetime_rows(state, kind, &n_rows);
	LifetimeRow *row = affinity_base_array(n_rows, sizeof(*row));
	LifetimeCustomer *customer;

	memcpy(row, given, n_rows * sizeof(*row));
	sort_rows(row, n_rows);
	customer = affinity_base_array(n_rows, sizeof(*customer));
	*n = 0;
	for (uint64 i = 0; i < n_rows; i++)
	{
		LifetimeCustomer *last = *n > 0 ? &customer[*n - 1] : NULL;
		double		weight = row[i].weight * (double) row[i].count;

		affinity_base_look_up(i);
		/* who bought nothing again says nothing of amounts */
		if (kind == LIFETIME_SPEND && row[i].value[0] == 0)
			continue;
		if (last != NULL &&
			memcmp(last->value, row[i].value, sizeof(last->value)) == 0)
		{
			last->weight += weight;
			continue;
		}
		memcpy(customer[*n].value, row[i].value, sizeof(customer->value));
		customer[(*n)++].weight = weight;
	}
	pfree(row);
	return customer;
}

/*
 * Divide what is in units of time or money by a power of two near the
 * largest; its logarithm, and what it adds to ln L.
 */
static double
scale(LifetimeKind kind, LifetimeCustomer *customer, uint32 n, double *unit)
{
	double		most = 0;
	double		share = 0;
	int			exponent;

	*unit = 1;
	if (kind != LIFETIME_RECENCY && kind != LIFETIME_SPEND)
		return 0;
	for (uint32 i = 0; i < n; i++)
		most = Max(most, Max(customer[i].value[1], customer[i].value[2]));
	if (most == 0)
		return 0;
	frexp(most, &exponent);
	*unit = ldexp(1, exponent);
	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		share += customer[i].weight *
			(kind == LIFETIME_SPEND ? 1 : customer[i].value[0]);
		customer[i].value[1] /= *unit;
		if (kind == LIFETIME_RECENCY)
			customer[i].value[2] /= *unit;
	}
	return -share * log(*unit);
}

/* -ln L of a customer on average, by the logarithms of the parameters. */
static double
objective(const double *x, double *gradient, void *data)
{
	Fit		   *fit = data;
	double		parameter[AFFINITY_VARIABLES];
	double		likelihood;
	int			n = fit->model->n_parameters;

	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < n; i++)
	{
		parameter[i] = exp(x[i]);
		gradient[i] = 0;
	}
	likelihood = fit->model->likelihood(&fit->data, parameter, gradient);
	for (int i = 0; i < n; i++)
		gradient[i] *= -parameter[i] / fit->data.total;
	return -likelihood / fit->data.total;
}

/* The best of the starts, followed to where it leads. */
static void
follow_starts(Fit *fit, AffinityMinimum *best)
{
	double		start[LIFETIME_MAX_STARTS][AFFINITY_VARIABLES];
	double		value[LIFETIME_MAX_STARTS];
	int			n = fit->model->n_parameters;
	int			n_starts = fit->model->starts(&fit->data, start);

	for (int i = 0; i < n_starts; i++)
	{
		double		gradient[AFFINITY_VARIABLES];

		for (int j = 0; j < n; j++)
			start[i][j] = Min(Max(log(start[i][j]), 5 - LIMIT), LIMIT - 5);
		value[i] = objective(start[i], gradient, fit);
		if (isnan(value[i]))
			value[i] = HUGE_VAL;
	}
	memset(best, 0, sizeof(*best));
	best->value = HUGE_VAL;
	memcpy(best->x, start[0], sizeof(best->x));
	for (int try = 0; try < Min(TRIES, n_starts); try++)
	{
		AffinityMinimum found;
		int			first = 0;

		for (int i = 1; i < n_starts; i++)
			if (value[i] < value[first])
				first = i;
		if (!isfinite(value[first]))
			break;
		memset(&found, 0, sizeof(found));
		memcpy(found.x, start[first], sizeof(found.x));
		affinity_kernel_descend(objective, fit, n, LIMIT, &found);
		if (found.value < best->value)
			*best = found;
		value[first] = HUGE_VAL;
	}
}

/* Every nth customer, from the middle of the first n on. */
static LifetimeData
sample_of(const LifetimeData *data)
{
	LifetimeData sample = {.n = 0};
	uint32		stride = (data->n - 1) / SAMPLE + 1;
	LifetimeCustomer *customer = palloc(sizeof(*customer) * SAMPLE);

	for (uint32 i = stride / 2; i < data->n; i += stride)
	{
		customer[sample.n++] = data->customer[i];
		sample.total += data->customer[i].weight;
	}
	sample.customer = customer;
	return sample;
}

static void
maximize(Fit *fit, AffinityMinimum *best)
{
	int			n = fit->model->n_parameters;

	if (fit->data.n > 2 * SAMPLE)
	{
		LifetimeData all = fit->data;

		fit->data = sample_of(&all);
		follow_starts(fit, best);
		affinity_kernel_polish(objective, fit, n, LIMIT, best);
		fit->data = all;
		/* what a sample does not determine, all of them may */
		for (int i = 0; i < n && !best->converged; i++)
			best->x[i] = Min(Max(best->x[i], -NEAR), NEAR);
		best->positive = best->converged;
		best->calls = 0;
		best->max_calls = MANY_CALLS;
		affinity_kernel_descend(objective, fit, n, LIMIT, best);
	}
	else
		follow_starts(fit, best);
	affinity_kernel_polish(objective, fit, n, LIMIT, best);
	for (int i = 0; i < RESTARTS && !best->converged &&
		 (best->max_calls == 0 || best->calls < best->max_calls); i++)
	{
		best->positive = false;
		affinity_kernel_descend(objective, fit, n, LIMIT, best);
		affinity_kernel_polish(objective, fit, n, LIMIT, best);
	}
}

static void
warn(const Fit *fit, const double *parameter)
{
	const LifetimeModel *model = fit->model;
	StringInfoData where;

	initStringInfo(&where);
	for (int i = 0; i < model->n_parameters; i++)
		appendStringInfo(&where, "%s%s = %.3g", i == 0 ? "" : ", ",
						 model->parameter[i], parameter[i]);
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("%s_fit did not converge: these data do not determine all parameters",
					model->name),
			 errdetail("The likelihood was followed as far as %s, and there it has no maximum.",
					   where.data),
			 errhint("Fit more customers, a longer time or a simpler model; do not rely on this one.")));
}

/* Within the range of double, and above 0. */
static double
in_range(double value)
{
	return Min(Max(value, 1e-307), 1e307);
}

static Datum
result_of(FunctionCallInfo fcinfo, const Fit *fit, const AffinityMinimum *best,
		  double unit, double share)
{
	const LifetimeModel *model = fit->model;
	int			n = model->n_parameters;
	double		parameter[AFFINITY_VARIABLES];
	double		likelihood;
	TupleDesc	desc;
	Datum		values[2 * AFFINITY_VARIABLES + 3];
	bool		nulls[2 * AFFINITY_VARIABLES + 3] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
		desc->natts != 2 * n + 3)
		elog(ERROR, "%s_fit must return its model", model->name);
	for (int i = 0; i < n; i++)
	{
		double		error = sqrt(best->inverse[i][i] / fit->data.total);

		parameter[i] = in_range(exp(best->x[i]) *
								(model->is_scaled[i] ? unit : 1));
		values[i] = Float8GetDatum(parameter[i]);
		error *= parameter[i];
		values[n + 1 + i] = Float8GetDatum(error);
		nulls[n + 1 + i] = !best->positive || !isfinite(error);
	}
	likelihood = -best->value * fit->data.total + share;
	values[n] = Float8GetDatum(likelihood);
	nulls[n] = !isfinite(likelihood);
	values[2 * n + 1] = Float8GetDatum(fit->data.total);
	values[2 * n + 2] = BoolGetDatum(best->converged);
	if (!best->converged)
		warn(fit, parameter);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values,
											 nulls));
}

static Datum
fit_model(FunctionCallInfo fcinfo, const LifetimeModel *model)
{
	Fit			fit = {.model = model};
	AffinityMinimum best;
	LifetimeCustomer *customer;
	double		unit;
	double		share;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	customer = customers_of(PG_GETARG_DATUM(0), model->kind, &fit.data.n);
	if (fit.data.n == 0)
		PG_RETURN_NULL();
	if (model->kind == LIFETIME_SURVIVORS)
	{
		affinity_lifetime_check_survivors(customer, fit.data.n);
		fit.data.total = customer[0].value[1];
		if (fit.data.total == 0)
			PG_RETURN_NULL();
	}
	else
		for (uint32 i = 0; i < fit.data.n; i++)
			fit.data.total += customer[i].weight;
	share = scale(model->kind, customer, fit.data.n, &unit);
	fit.data.customer = customer;
	maximize(&fit, &best);
	return result_of(fcinfo, &fit, &best, unit, share);
}

Datum
affinity_lifetime_bg_nbd_final(PG_FUNCTION_ARGS)
{
	return fit_model(fcinfo, &affinity_lifetime_bg_nbd);
}

Datum
affinity_lifetime_mbg_nbd_final(PG_FUNCTION_ARGS)
{
	return fit_model(fcinfo, &affinity_lifetime_mbg_nbd);
}

Datum
affinity_lifetime_gamma_gamma_final(PG_FUNCTION_ARGS)
{
	return fit_model(fcinfo, &affinity_lifetime_gamma_gamma);
}

Datum
affinity_lifetime_sbg_final(PG_FUNCTION_ARGS)
{
	return fit_model(fcinfo, &affinity_lifetime_sbg);
}

Datum
affinity_lifetime_bdw_final(PG_FUNCTION_ARGS)
{
	return fit_model(fcinfo, &affinity_lifetime_bdw);
}

Datum
affinity_lifetime_pareto_nbd_final(PG_FUNCTION_ARGS)
{
	return fit_model(fcinfo, &affinity_lifetime_pareto_nbd);
}

Datum
affinity_lifetime_bg_bb_final(PG_FUNCTION_ARGS)
{
	return fit_model(fcinfo, &affinity_lifetime_bg_bb);
}
