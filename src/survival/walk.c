/*
 * walk.c
 *		Going through the times of a state: Kaplan and Meier's estimate,
 *		Greenwood's variance, Nelson and Aalen's hazard, and bounds.
 *
 * Sums are taken in order of time, so they are the same for equal states.
 */
#include "postgres.h"

#include <math.h>

#include "base/number.h"
#include "kernel/tail.h"
#include "survival/survival.h"

void
affinity_survival_walk_begin(SurvivalWalk *walk, const SurvivalLog *log)
{
	memset(walk, 0, sizeof(SurvivalWalk));
	walk->entry = affinity_survival_entries(log);
	walk->end = walk->entry + log->n;
	for (const SurvivalEntry *e = walk->entry; e < walk->end; e++)
		walk->at_risk += SURVIVAL_ENTRY_KIND(e) == SURVIVAL_ENTERED ?
			-SURVIVAL_ENTRY_COUNT(e) : SURVIVAL_ENTRY_COUNT(e);
	walk->step.survival = 1;
}

/* The next time at which an observation ended; false: there is none. */
bool
affinity_survival_walk_next(SurvivalWalk *walk)
{
	SurvivalStep *step = &walk->step;
	bool		ended = false;

	while (!ended && walk->entry < walk->end)
	{
		step->at = walk->entry->at;
		step->at_risk = walk->at_risk;
		step->events = 0;
		step->censored = 0;
		for (; walk->entry < walk->end && walk->entry->at == step->at;
			 walk->entry++)
		{
			int64		count = SURVIVAL_ENTRY_COUNT(walk->entry);

			affinity_base_look_after(&walk->work, 1);
			switch (SURVIVAL_ENTRY_KIND(walk->entry))
			{
				case SURVIVAL_EVENT:
					step->events += count;
					break;
				case SURVIVAL_CENSORED:
					step->censored += count;
					break;
				default:
					walk->at_risk += count;
					continue;
			}
			walk->at_risk -= count;
			ended = true;
		}
	}
	if (ended && step->events > 0)
	{
		double		n = (double) step->at_risk;
		double		d = (double) step->events;

		step->survival *= (n - d) / n;
		step->greenwood += d / (n * (n - d));
		step->hazard += d / n;
		step->hazard_variance += d / (n * n);
	}
	return ended;
}

/* A confidence as so many standard errors. */
double
affinity_survival_z_arg(FunctionCallInfo fcinfo, int arg)
{
	double		confidence;

	affinity_base_check_not_null(fcinfo, arg, "confidence");
	confidence = PG_GETARG_FLOAT8(arg);
	if (!(confidence > 0 && confidence < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence must be between 0 and 1, but is %s",
						affinity_base_shortest(confidence)),
				 errhint("Pass 0.95 for intervals of 95 %%.")));
	return affinity_kernel_normal_quantile(0.5 + 0.5 * confidence);
}

SurvivalBounds
affinity_survival_bounds_arg(FunctionCallInfo fcinfo, int arg)
{
	char	   *name = affinity_base_text_arg(fcinfo, arg, "bounds");

	if (pg_strcasecmp(name, "log") == 0)
		return BOUNDS_LOG;
	if (pg_strcasecmp(name, "log-log") == 0)
		return BOUNDS_LOG_LOG;
	if (pg_strcasecmp(name, "plain") == 0)
		return BOUNDS_PLAIN;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown bounds \"%s\"", name),
			 errhint("Bounds are log, log-log and plain.")));
	return BOUNDS_LOG;			/* not reached */
}

/*
 * Where survival lies, z standard errors to each side; false where it has
 * come to 0, of which there is no variance.
 */
bool
affinity_survival_bounds(const SurvivalStep *step, double z,
						 SurvivalBounds bounds, double *low, double *high)
{
	double		s = step->survival;
	double		error = sqrt(step->greenwood);

	if (!(s > 0))
		return false;
	*low = *high = s;
	if (error == 0)
		return true;
	switch (bounds)
	{
		case BOUNDS_LOG:
			*low = s * exp(-z * error);
			*high = s * exp(z * error);
			break;
		case BOUNDS_LOG_LOG:
			*low = pow(s, exp(-z * error / log(s)));
			*high = pow(s, exp(z * error / log(s)));
			break;
		case BOUNDS_PLAIN:
			*low = s - z * s * error;
			*high = s + z * s * error;
			break;
	}
	*low = Max(*low, 0);
	*high = Min(*high, 1);
	return true;
}
