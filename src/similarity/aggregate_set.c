/*
 * aggregate_set.c
 *		jaccard, dice, overlap, cosine_set and tversky of two columns.
 *
 * The columns are two sets over the rows: boolean columns say who is a
 * member, numbers how much of one (S. Ioffe, "Improved consistent sampling,
 * weighted minhash and L1 sketching", ICDM 2010, for the weighted jaccard,
 * also named Ruzicka). Both keep the same state, an array of double (see
 * state.c), so that 0 and 1 as numbers give what false and true give.
 */
#include "postgres.h"

#include <math.h>

#include "utils/array.h"

#include "similarity/similarity.h"

/* Weights from HUGE_WEIGHT on could make the sums overflow. */
#define HUGE_WEIGHT 0x1p960
#define SHRINK 0x1p-64

typedef struct Weights
{
	double		shrunk;			/* 1: the sums are in units of 1 / SHRINK; 0:
								 * of 1 */
	double		both;			/* as in AffinityOverlap */
	double		only_x;
	double		only_y;
} Weights;

/* The parameters are repeated in each row, and so belong to the state. */
typedef struct Tversky
{
	Weights		weights;
	double		alpha;			/* negative before the first row */
	double		beta;
} Tversky;

PG_FUNCTION_INFO_V1(affinity_similarity_members_accum);
PG_FUNCTION_INFO_V1(affinity_similarity_weights_accum);
PG_FUNCTION_INFO_V1(affinity_similarity_weights_combine);
PG_FUNCTION_INFO_V1(affinity_similarity_jaccard_final);
PG_FUNCTION_INFO_V1(affinity_similarity_dice_final);
PG_FUNCTION_INFO_V1(affinity_similarity_overlap_final);
PG_FUNCTION_INFO_V1(affinity_similarity_cosine_set_final);
PG_FUNCTION_INFO_V1(affinity_similarity_tversky_members_accum);
PG_FUNCTION_INFO_V1(affinity_similarity_tversky_weights_accum);
PG_FUNCTION_INFO_V1(affinity_similarity_tversky_combine);
PG_FUNCTION_INFO_V1(affinity_similarity_tversky_final);

static void
weights_shrink(Weights *w)
{
	if (w->shrunk != 0)
		return;
	w->shrunk = 1;
	w->both *= SHRINK;
	w->only_x *= SHRINK;
	w->only_y *= SHRINK;
}

static void
weights_add(Weights *w, double x, double y)
{
	double		both;

	if (x < 0 || y < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weights must not be negative, but are %g and %g",
						x, y),
				 errhint("For values that may be negative use cosine or pearson.")));
	if ((x >= HUGE_WEIGHT && !isinf(x)) || (y >= HUGE_WEIGHT && !isinf(y)))
		weights_shrink(w);
	if (w->shrunk != 0)
	{
		x *= SHRINK;
		y *= SHRINK;
	}
	both = x < y ? x : y;		/* with a NaN, one of the differences is NaN */
	w->both += both;
	w->only_x += x - both;
	w->only_y += y - both;
}

static void
weights_combine(Weights *w, const Weights *other)
{
	Weights		o = *other;

	if (w->shrunk != 0 || o.shrunk != 0)
	{
		weights_shrink(w);
		weights_shrink(&o);
	}
	w->both += o.both;
	w->only_x += o.only_x;
	w->only_y += o.only_y;
}

/* All measures are quotients, so that the unit does not matter. */
static AffinityOverlap
weights_overlap(const Weights *w)
{
	AffinityOverlap overlap;

	overlap.both = w->both;
	overlap.only_a = w->only_x;
	overlap.only_b = w->only_y;
	return overlap;
}

/* ---- jaccard, dice, overlap, cosine_set ---- */

Datum
affinity_similarity_members_accum(PG_FUNCTION_ARGS)
{
	ArrayType  *state;
	Weights    *w = affinity_similarity_own_state(fcinfo, &state, sizeof(*w));

	weights_add(w, PG_GETARG_BOOL(1) ? 1 : 0,
				PG_GETARG_BOOL(2) ? 1 : 0);
	PG_RETURN_ARRAYTYPE_P(state);
}

Datum
affinity_similarity_weights_accum(PG_FUNCTION_ARGS)
{
	ArrayType  *state;
	Weights    *w = affinity_similarity_own_state(fcinfo, &state, sizeof(*w));

	weights_add(w, PG_GETARG_FLOAT8(1),
				PG_GETARG_FLOAT8(2));
	PG_RETURN_ARRAYTYPE_P(state);
}

Datum
affinity_similarity_weights_combine(PG_FUNCTION_ARGS)
{
	ArrayType  *state;
	Weights    *w = affinity_similarity_own_state(fcinfo, &state, sizeof(*w));

	weights_combine(w, affinity_similarity_state(fcinfo, 1, sizeof(*w)));
	PG_RETURN_ARRAYTYPE_P(state);
}

static AffinityOverlap
read_overlap(FunctionCallInfo fcinfo)
{
	return weights_overlap(affinity_similarity_state(fcinfo, 0,
													 sizeof(Weights)));
}

Datum
affinity_similarity_jaccard_final(PG_FUNCTION_ARGS)
{
	AffinityOverlap overlap = read_overlap(fcinfo);
	double		result;

	if (!affinity_similarity_ratio_jaccard(&overlap, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
affinity_similarity_dice_final(PG_FUNCTION_ARGS)
{
	AffinityOverlap overlap = read_overlap(fcinfo);
	double		result;

	if (!affinity_similarity_ratio_dice(&overlap, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
affinity_similarity_overlap_final(PG_FUNCTION_ARGS)
{
	AffinityOverlap overlap = read_overlap(fcinfo);
	double		result;

	if (!affinity_similarity_ratio_overlap(&overlap, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
affinity_similarity_cosine_set_final(PG_FUNCTION_ARGS)
{
	AffinityOverlap overlap = read_overlap(fcinfo);
	double		result;

	if (!affinity_similarity_ratio_cosine_set(&overlap, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

/* ---- tversky ---- */

static void
tversky_set_parameters(Tversky *t, double alpha, double beta)
{
	affinity_similarity_check_tversky(alpha, beta);
	if (t->alpha < 0)
	{
		t->alpha = alpha;
		t->beta = beta;
	}
	else if (t->alpha != alpha || t->beta != beta)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("alpha and beta must be the same in all rows of a group"),
				 errhint("Pass constants, or GROUP BY them.")));
}

Datum
affinity_similarity_tversky_members_accum(PG_FUNCTION_ARGS)
{
	ArrayType  *state;
	Tversky    *t = affinity_similarity_own_state(fcinfo, &state, sizeof(*t));

	tversky_set_parameters(t, PG_GETARG_FLOAT8(3), PG_GETARG_FLOAT8(4));
	weights_add(&t->weights, PG_GETARG_BOOL(1) ? 1 : 0,
				PG_GETARG_BOOL(2) ? 1 : 0);
	PG_RETURN_ARRAYTYPE_P(state);
}

Datum
affinity_similarity_tversky_weights_accum(PG_FUNCTION_ARGS)
{
	ArrayType  *state;
	Tversky    *t = affinity_similarity_own_state(fcinfo, &state, sizeof(*t));

	tversky_set_parameters(t, PG_GETARG_FLOAT8(3), PG_GETARG_FLOAT8(4));
	weights_add(&t->weights, PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2));
	PG_RETURN_ARRAYTYPE_P(state);
}

Datum
affinity_similarity_tversky_combine(PG_FUNCTION_ARGS)
{
	ArrayType  *state;
	Tversky    *t = affinity_similarity_own_state(fcinfo, &state, sizeof(*t));
	const Tversky *o = affinity_similarity_state(fcinfo, 1, sizeof(*o));

	if (o->alpha < 0)
		PG_RETURN_ARRAYTYPE_P(state);
	tversky_set_parameters(t, o->alpha, o->beta);
	weights_combine(&t->weights, &o->weights);
	PG_RETURN_ARRAYTYPE_P(state);
}

Datum
affinity_similarity_tversky_final(PG_FUNCTION_ARGS)
{
	const Tversky *t = affinity_similarity_state(fcinfo, 0, sizeof(*t));
	AffinityOverlap overlap = weights_overlap(&t->weights);
	double		result;

	if (!affinity_similarity_ratio_tversky(&overlap, t->alpha, t->beta,
										   &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}
