/*
 * anomaly.c
 *		What in a series was not expected: values beyond the interval of the
 *		prediction one step before.
 *
 * Anomalies must not teach the model that they are normal. So the spread of
 * errors is their median absolute one, which a few cannot move, and the model
 * is fitted again to a series in which what was flagged is drawn towards what
 * was expected, until the same are flagged twice and errors are of the same
 * size (S. Gelper, R. Fried, C.
 * Croux: Robust forecasting with exponential and Holt-Winters smoothing,
 * 2010). It is drawn to two spreads beside it and not onto it: a level that
 * changed for good is learned in some periods.
 *
 * The farthest off come first. What follows a value that is far off is not as
 * expected either, while the model has that value: were it drawn in too, it
 * would be towards what is wrong, and stay so. And no model begins with values
 * that are out of all proportion to their neighbors: one of 1,000 spreads
 * turns each fit around itself.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/tuplestore.h"

#include "forecast/call.h"

PG_FUNCTION_INFO_V1(affinity_forecast_anomaly);

#define ROUNDS 10
#define SETTLED 0.01			/* a share by which the spread still changes */
#define DRAWN_TO 2.0			/* spreads */
#define FAR_OFF 50.0			/* spreads that neighbors do not tell of */
#define NEIGHBORS 3				/* on each side, seasons apart */
#define FIRST_PART 0.5			/* of the largest error: what the first round
								 * draws in */
#define NEXT_PART 0.0625		/* of that of the round before */
#define ALL_FROM 3				/* the round that draws in all that is flagged */
#define NORMAL_MEDIAN 0.6744897501960817	/* of absolute values */
#define NORMAL_MEAN 0.7978845608028654

/* What was expected at each period and how far values were from it. */
typedef struct Surprise
{
	const double *expected;
	bool		relative;		/* errors are shares of what was expected */
	double		spread;			/* a standard deviation of errors */
	double	   *error;			/* NaN: no value, or none expected */
	bool	   *flagged;
	int			degraded;
} Surprise;

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

static double
median_of(double *x, int n)
{
	if (n == 0)
		return NAN;
	qsort(x, (size_t) n, sizeof(double), compare_doubles);
	return (x[(n - 1) / 2] + x[n / 2]) / 2;
}

/*
 * The spread of errors from their median size; where more than half are 0,
 * from their mean.
 */
static double
spread_of(const double *error, int n)
{
	double	   *size = affinity_base_array((Size) n, sizeof(double));
	double		sum = 0;
	double		median;
	int			k = 0;

	for (int t = 0; t < n; t++)
	{
		if (isnan(error[t]))
			continue;
		sum += fabs(error[t]);
		size[k++] = fabs(error[t]);
	}
	if (k == 0)
		return NAN;
	median = median_of(size, k);
	pfree(size);
	return median > 0 ? median / NORMAL_MEDIAN : sum / k / NORMAL_MEAN;
}

/* Errors of a series by a prediction; gives how many flags changed. */
static int
find_surprises(const EtsData *data, const Prediction *p, double z,
			   Surprise *s)
{
	int			changed = 0;

	s->expected = p->expected;
	s->relative = p->relative;
	for (int t = 0; t < data->n && s->relative; t++)
		s->relative = p->expected[t] > 0;
	for (int t = 0; t < data->n; t++)
	{
		s->error[t] = data->y[t] - p->expected[t];
		if (s->relative)
			s->error[t] /= p->expected[t];
	}
	s->spread = spread_of(s->error, data->n);
	for (int t = 0; t < data->n; t++)
	{
		bool		flag = fabs(s->error[t]) > z * s->spread;

		changed += flag != s->flagged[t];
		s->flagged[t] = flag;
	}
	return changed;
}

/*
 * The series that the first model sees: values that are far off from the
 * median of their neighbors, those of other seasons at the same place, are
 * drawn to it.
 */
static void
tame(const EtsData *data, int m, EtsData *to, double *drawn)
{
	double	   *middle = affinity_base_array((Size) data->n, sizeof(double));
	double	   *size = affinity_base_array((Size) data->n, sizeof(double));
	double		spread;
	int			k = 0;

	for (int t = 0; t < data->n; t++)
	{
		double		near[2 * NEIGHBORS];
		int			n = 0;

		for (int i = -NEIGHBORS; i <= NEIGHBORS; i++)
		{
			int64		at = t + (int64) i * m;

			if (i != 0 && at >= 0 && at < data->n && !isnan(data->y[at]))
				near[n++] = data->y[at];
		}
		middle[t] = n >= NEIGHBORS ? median_of(near, n) : NAN;
		if (!isnan(data->y[t] - middle[t]))
			size[k++] = fabs(data->y[t] - middle[t]);
		/* median_of has sorted them: a step is between both sides */
		if (n > 0 && data->y[t] >= near[0] && data->y[t] <= near[n - 1])
			middle[t] = data->y[t];
	}
	spread = median_of(size, k) / NORMAL_MEDIAN;
	for (int t = 0; t < data->n && spread > 0; t++)
	{
		double		off = data->y[t] - middle[t];

		if (fabs(off) > FAR_OFF * spread)
			drawn[t] = middle[t] + copysign(DRAWN_TO * spread, off);
		if (drawn[t] <= 0)
			to->positive = false;
	}
	pfree(middle);
	pfree(size);
}

/* The least error that a round draws in, 0: all that is flagged. */
static double
least_error(const Surprise *s, int n, int round)
{
	double		largest = 0;

	if (round >= ALL_FROM)
		return 0;
	for (int t = 0; t < n; t++)
		if (s->flagged[t])
			largest = Max(largest, fabs(s->error[t]));
	return largest * FIRST_PART * pow(NEXT_PART, round);
}

/*
 * The series with what was not expected drawn in, as far as it is the round's
 * turn: what is not yet is as the first model saw it. Gives whether that was
 * all of it.
 */
static bool
draw_in(const EtsData *data, const Prediction *p, int round, const Surprise *s,
		const double *tamed, EtsData *to, double *drawn)
{
	double		least = least_error(s, data->n, round);
	bool		all = true;

	to->positive = true;
	for (int t = 0; t < data->n; t++)
	{
		double		unit = s->relative ? p->expected[t] : 1;
		bool		turn = fabs(s->error[t]) >= least;

		drawn[t] = data->y[t];
		if (s->flagged[t] && turn)
			drawn[t] = p->expected[t] + copysign(DRAWN_TO, s->error[t]) *
				s->spread * unit;
		else if (s->flagged[t])
		{
			drawn[t] = tamed[t];
			all = false;
		}
		if (drawn[t] <= 0)
			to->positive = false;
	}
	return all;
}

/* Predict, draw in what was not expected, and again. */
static bool
look_for_surprises(const OpenSeries *open, double z, Surprise *s)
{
	const EtsData *data = &open->data;
	double	   *drawn = affinity_base_array((Size) data->n, sizeof(double));
	double	   *tamed = affinity_base_array((Size) data->n, sizeof(double));
	EtsData		of = *data;
	bool		all = true;
	double		before = NAN;

	memcpy(drawn, data->y, sizeof(double) * (size_t) data->n);
	of.y = drawn;
	tame(data, open->wish.m, &of, drawn);
	memcpy(tamed, drawn, sizeof(double) * (size_t) data->n);
	s->error = affinity_base_array((Size) data->n, sizeof(double));
	s->flagged = affinity_base_zeroed_array((Size) data->n, sizeof(bool));
	for (int round = 0; round < ROUNDS; round++)
	{
		Prediction	p;

		CHECK_FOR_INTERRUPTS();
		if (!affinity_forecast_predict(&of, &open->wish, &p))
			return false;
		s->degraded |= p.degraded;
		if (find_surprises(data, &p, z, s) == 0 && all &&
			(round == 0 || fabs(s->spread - before) <= SETTLED * before))
			break;
		before = s->spread;
		all = draw_in(data, &p, round, s, tamed, &of, drawn);
	}
	return true;
}

static void
put_number(const OpenSeries *open, double value, Datum *to, bool *is_null)
{
	*to = Float8GetDatum(affinity_forecast_unscale(open, value));
	*is_null = isnan(value);
}

/* anomaly(series, confidence, model, season, fill, until) */
Datum
affinity_forecast_anomaly(PG_FUNCTION_ARGS)
{
	static const SeriesArgs args = {.model = 2, .season = 3, .fill = 4, .until = 5};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	OpenSeries	open;
	Surprise	s = {0};
	double		z;

	InitMaterializedSRF(fcinfo, 0);
	affinity_base_check_not_null(fcinfo, 1, "confidence");
	z = affinity_forecast_z(PG_GETARG_FLOAT8(1));
	if (!affinity_forecast_open(fcinfo, &args, &open) ||
		!look_for_surprises(&open, z, &s))
		return (Datum) 0;
	affinity_forecast_tell(fcinfo, s.degraded);
	for (int t = 0; t < open.data.n; t++)
	{
		double		unit = s.relative ? s.expected[t] : 1;
		double		reach = z * s.spread * unit;
		Datum		values[8];
		bool		nulls[8] = {false};

		affinity_base_look_up((uint64) t);
		affinity_forecast_put_period(&open, t, values, nulls);
		put_number(&open, open.data.y[t], &values[2], &nulls[2]);
		put_number(&open, s.expected[t], &values[3], &nulls[3]);
		put_number(&open, s.expected[t] - reach, &values[4], &nulls[4]);
		put_number(&open, s.expected[t] + reach, &values[5], &nulls[5]);
		values[6] = Float8GetDatum(s.error[t] / s.spread);
		nulls[6] = isnan(s.error[t]) || !(s.spread > 0);
		values[7] = BoolGetDatum(s.flagged[t]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
