/*
 * arms.c
 *		Arrays of variants and of their states as arguments.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/number.h"
#include "experiment/experiment.h"

/* One dimension, without NULLs. */
void
affinity_experiment_check_array(ArrayType *array, const char *name)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must have one dimension, not %d", name,
						ARR_NDIM(array))));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not contain null", name),
				 errhint("Leave such groups out: WHERE variant IS NOT NULL.")));
}

/* The texts of an array, without NULLs. */
char **
affinity_experiment_names_arg(FunctionCallInfo fcinfo, int arg,
							  const char *name, int *n)
{
	ArrayType  *array;
	Datum	   *elements;
	bool	   *nulls;
	char	  **names;

	affinity_base_check_not_null(fcinfo, arg, name);
	array = PG_GETARG_ARRAYTYPE_P(arg);
	affinity_experiment_check_array(array, name);
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements,
					  &nulls, n);
	names = palloc(Max(*n, 1) * sizeof(char *));
	for (int i = 0; i < *n; i++)
		names[i] = TextDatumGetCString(elements[i]);
	return names;
}

/* The first by its bytes: the control, where none is given. */
char *
affinity_experiment_first_name(char **names, int n)
{
	char	   *first = names[0];

	for (int i = 1; i < n; i++)
		if (strcmp(names[i], first) < 0)
			first = names[i];
	return first;
}

/* The states of an array, at rest, without NULLs. */
MetricState **
affinity_experiment_metrics_arg(FunctionCallInfo fcinfo, int arg, int *n)
{
	ArrayType  *array;
	Datum	   *elements;
	bool	   *nulls;
	MetricState **states;

	affinity_base_check_not_null(fcinfo, arg, "metrics");
	array = PG_GETARG_ARRAYTYPE_P(arg);
	affinity_experiment_check_array(array, "metrics");
	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE,
					  &elements, &nulls, n);
	states = palloc(Max(*n, 1) * sizeof(MetricState *));
	for (int i = 0; i < *n; i++)
		states[i] = affinity_experiment_metric_rest(affinity_experiment_metric_of(elements[i]));
	return states;
}

/* States that are compared are of one kind and of one quantile. */
void
affinity_experiment_check_kinds(MetricState **states, int n)
{
	for (int i = 1; i < n; i++)
	{
		if (states[i]->kind != states[0]->kind)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("metrics of %s and of %s cannot be compared",
							affinity_experiment_metric_kind_name(Min(states[0]->kind,
																	 states[i]->kind)),
							affinity_experiment_metric_kind_name(Max(states[0]->kind,
																	 states[i]->kind)))));
		if (states[i]->p != states[0]->p)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("quantiles %s and %s cannot be compared",
							affinity_base_shortest(Min(states[0]->p, states[i]->p)),
							affinity_base_shortest(Max(states[0]->p, states[i]->p)))));
	}
}
