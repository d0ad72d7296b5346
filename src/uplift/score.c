/*
 * score.c
 *		qini() and auuc(): does a score put first whom the treatment moves?
 *
 * Rows of one score come together. Qini curve (N. J. Radcliffe, "Using control
 * groups to target on predicted lift", 2007): outcomes of the treated less
 * those of as many of the control, y_t - y_c n_t / n_c. Uplift curve: the
 * difference of the means times the rows, (y_t / n_t - y_c / n_c) n. Both are
 * scikit-uplift's, as are the normalized areas, from the diagonal (0) to the
 * curve of an order that knows all outcomes (1).
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"

#include "uplift/uplift.h"

PG_FUNCTION_INFO_V1(affinity_uplift_qini);
PG_FUNCTION_INFO_V1(affinity_uplift_auuc);
PG_FUNCTION_INFO_V1(affinity_uplift_qini_final);
PG_FUNCTION_INFO_V1(affinity_uplift_auuc_final);

/* A sum with what rounding took from it: Neumaier's. */
typedef struct Sum
{
	double		sum;
	double		rest;
} Sum;

typedef enum CurveKind
{
	CURVE_QINI,
	CURVE_UPLIFT
} CurveKind;

/* As far as a curve has been drawn. */
typedef struct Curve
{
	CurveKind	kind;
	double		n[2];			/* control, treated */
	Sum			outcome[2];
	double		height;
	double		area;
} Curve;

static void
add(Sum *to, double x)
{
	double		sum = to->sum + x;

	to->rest += fabs(to->sum) >= fabs(x) ? (to->sum - sum) + x
		: (x - sum) + to->sum;
	to->sum = sum;
}

static double
ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

/* Rows of the control and of the treated that come next, all together. */
static void
draw(Curve *curve, const double *n, const double *outcome)
{
	double		before = curve->height;
	double		y[2];

	for (int i = 0; i < 2; i++)
	{
		curve->n[i] += n[i];
		add(&curve->outcome[i], outcome[i]);
		y[i] = curve->outcome[i].sum + curve->outcome[i].rest;
	}
	if (curve->kind == CURVE_QINI)
		curve->height = y[1] - y[0] * ratio(curve->n[1], curve->n[0]);
	else
		curve->height = (ratio(y[1], curve->n[1]) - ratio(y[0], curve->n[0])) *
			(curve->n[0] + curve->n[1]);
	curve->area += 0.5 * (before + curve->height) * (n[0] + n[1]);
}

/* The curve of a state; counts is what there is of each outcome 0 and 1. */
static bool
draw_state(Curve *curve, const UpliftState *state, double counts[2][2])
{
	bool		binary = true;
	uint32		i = 0;

	memset(counts, 0, 4 * sizeof(double));
	while (i < state->n)
	{
		double		score = state->entries[i].score;
		double		n[2] = {0, 0};
		Sum			sum[2] = {{0, 0}, {0, 0}};
		double		outcome[2];

		for (; i < state->n && state->entries[i].score == score; i++)
		{
			const UpliftEntry *e = &state->entries[i];
			double		rows = (double) UPLIFT_ROWS(e);
			int			side = UPLIFT_TREATED(e) ? 1 : 0;

			affinity_base_look_up(i);
			n[side] += rows;
			add(&sum[side], rows * e->outcome);
			if (e->outcome == 0 || e->outcome == 1)
				counts[side][(int) e->outcome] += rows;
			else
				binary = false;
		}
		for (int side = 0; side < 2; side++)
			outcome[side] = sum[side].sum + sum[side].rest;
		draw(curve, n, outcome);
	}
	return binary;
}

/*
 * The curve of the best order: first who has the outcome with the treatment,
 * last who has it without. In between the Qini curve takes all others at
 * once, the uplift curve as scikit-uplift does.
 */
static void
draw_best(Curve *curve, double counts[2][2])
{
	/* side and outcome, in order; those of one rank come together */
	static const int qini[4][3] = {{1, 1, 0}, {0, 0, 1}, {1, 0, 1}, {0, 1, 2}};
	static const int control[4][3] = {{1, 1, 0}, {0, 0, 1}, {0, 1, 2}, {1, 0, 3}};
	static const int treated[4][3] = {{1, 1, 0}, {0, 0, 1}, {1, 0, 2}, {0, 1, 3}};
	const int	(*order)[3] = treated;

	if (curve->kind == CURVE_QINI)
		order = qini;
	else if (counts[0][1] > counts[1][0])
		order = control;
	for (int i = 0; i < 4;)
	{
		int			rank = order[i][2];
		double		n[2] = {0, 0};
		double		outcome[2] = {0, 0};

		for (; i < 4 && order[i][2] == rank; i++)
		{
			double		rows = counts[order[i][0]][order[i][1]];

			n[order[i][0]] += rows;
			outcome[order[i][0]] += rows * order[i][1];
		}
		if (n[0] + n[1] > 0)
			draw(curve, n, outcome);
	}
}

/* The score of a state; false: it has none, without one of the arms. */
static bool
score_of(const UpliftState *state, CurveKind kind, bool normalized,
		 double *score)
{
	Curve		curve;
	Curve		best;
	double		counts[2][2];
	bool		binary;
	double		rows;
	double		diagonal;

	memset(&curve, 0, sizeof(Curve));
	memset(&best, 0, sizeof(Curve));
	curve.kind = kind;
	best.kind = kind;
	binary = draw_state(&curve, state, counts);
	rows = curve.n[0] + curve.n[1];
	diagonal = 0.5 * rows * curve.height;
	if (curve.n[0] == 0 || curve.n[1] == 0)
		return false;
	if (normalized && !binary)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the best order is known only of outcomes 0 and 1"),
				 errhint("Pass the state and normalized => false: affinity.%s(affinity.uplift_agg(score, treated, outcome), false).",
						 kind == CURVE_QINI ? "qini" : "auuc")));
	if (!normalized)
	{
		/* in shares of the rows, outcomes by treated row or by row */
		*score = kind == CURVE_QINI ?
			(curve.area - diagonal) / (rows * curve.n[1])
			: curve.area / (rows * rows);
		return true;
	}
	draw_best(&best, counts);
	*score = (curve.area - diagonal) / (best.area - diagonal);
	return best.area != diagonal;
}

/* (state, normalized), strict */
static Datum
score(FunctionCallInfo fcinfo, CurveKind kind, bool normalized)
{
	double		result;

	if (!score_of(affinity_uplift_arg(fcinfo, 0), kind, normalized,
				  &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
affinity_uplift_qini(PG_FUNCTION_ARGS)
{
	return score(fcinfo, CURVE_QINI, PG_GETARG_BOOL(1));
}

Datum
affinity_uplift_auuc(PG_FUNCTION_ARGS)
{
	return score(fcinfo, CURVE_UPLIFT, PG_GETARG_BOOL(1));
}

/* final functions of the aggregates of these names, strict */
Datum
affinity_uplift_qini_final(PG_FUNCTION_ARGS)
{
	return score(fcinfo, CURVE_QINI, true);
}

Datum
affinity_uplift_auuc_final(PG_FUNCTION_ARGS)
{
	return score(fcinfo, CURVE_UPLIFT, true);
}
