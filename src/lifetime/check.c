/*
 * check.c
 *		What may be said of a customer: errors that name the values.
 */
#include "postgres.h"

#include <math.h>

#include "base/base.h"
#include "lifetime/lifetime.h"

void
affinity_lifetime_check_finite(double value, const char *name)
{
	if (!isfinite(value))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s must be a finite number, but is %s", name,
						isnan(value) ? "NaN" :
						value > 0 ? "Infinity" : "-Infinity")));
	if (fabs(value) > 1e300)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be at most 1e300, but is %g", name, value),
				 errhint("Use a larger unit.")));
}

void
affinity_lifetime_check_duration(double duration, const char *name)
{
	affinity_lifetime_check_finite(duration, name);
	if (duration < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be negative, but is %g", name, duration)));
}

void
affinity_lifetime_check_count(double count, const char *name, const char *hint)
{
	affinity_lifetime_check_duration(count, name);
	if (count != rint(count))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a whole number, but is %g", name, count),
				 errhint("%s", hint)));
	if (count > 1e15)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be at most 1e15, but is %g", name, count)));
}

/* frequency: purchases after the first; recency: when the last one was. */
static void
check_customer(double frequency, double recency, double t)
{
	affinity_lifetime_check_count(frequency, "frequency",
								  "Frequency counts the purchases after the first one.");
	affinity_lifetime_check_duration(recency, "recency");
	affinity_lifetime_check_duration(t, "t");
	if (recency > t)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("recency must not exceed t, but is %g of %g", recency,
						t),
				 errhint("Both count from the first purchase: recency to the last one, t to the end of the observation.")));
	if (frequency == 0 && recency > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("recency must be 0 where frequency is 0, but is %g",
						recency),
				 errhint("Recency counts from the first purchase to the last one, not from the last one to today.")));
}

static void
check_opportunities(const double *value)
{
	check_customer(value[0], value[1], value[2]);
	affinity_lifetime_check_count(value[1], "recency",
								  "Recency is the number of the opportunity of the last purchase.");
	affinity_lifetime_check_count(value[2], "t",
								  "Count the opportunities after the first purchase.");
	if (value[2] > LIFETIME_MAX_OPPORTUNITIES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("t must be at most %d opportunities, but is %g",
						LIFETIME_MAX_OPPORTUNITIES, value[2])));
	if (value[0] > value[1])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("frequency must not exceed recency, but is %g of %g",
						value[0], value[1]),
				 errhint("A customer buys at most once at each opportunity.")));
}

/*
 * Says what is wrong with a row of an aggregate.
 */
void
affinity_lifetime_check_row(LifetimeKind kind, const double *value,
							double weight)
{
	affinity_lifetime_check_finite(weight, "weight");
	if (weight <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight must be above 0, but is %g", weight),
				 errhint("The weight is how many customers a row stands for; leave out rows of none.")));
	if (weight > 1e100)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight must be at most 1e100, but is %g", weight)));
	switch (kind)
	{
		case LIFETIME_RECENCY:
			check_customer(value[0], value[1], value[2]);
			break;
		case LIFETIME_OPPORTUNITIES:
			check_opportunities(value);
			break;
		case LIFETIME_SPEND:
			affinity_lifetime_check_count(value[0], "frequency",
										  "Frequency counts the purchases that monetary_value is the mean of.");
			affinity_lifetime_check_finite(value[1], "monetary_value");
			if (value[0] > 0 && value[1] <= 0)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("monetary_value must be above 0, but is %g of %g purchases",
								value[1], value[0]),
						 errhint("Leave out such customers: FILTER (WHERE monetary_value > 0).")));
			break;
		case LIFETIME_SURVIVORS:
			affinity_lifetime_check_count(value[0], "period", "Number the periods 0, 1, 2 and so on.");
			affinity_lifetime_check_duration(value[1], "survivors");
			break;
	}
}
