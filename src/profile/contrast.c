/*
 * contrast.c
 *		contrast_agg, rollup and contrast: what a segment is like, by the values
 *		that are more or less frequent in it than outside.
 *
 * The log-odds ratio with an informative Dirichlet prior, of Monroe, Colaresi
 * and Quinn, "Fightin' Words" (2008), equations 15 to 22: each value has
 * pseudo-counts in proportion to how frequent it is in all rows.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "base/compare.h"
#include "base/form.h"
#include "base/number.h"
#include "base/state.h"
#include "kernel/tail.h"
#include "profile/profile.h"

PG_FUNCTION_INFO_V1(affinity_profile_accum);
PG_FUNCTION_INFO_V1(affinity_profile_contrast);

#define CONTRAST_AGGREGATES \
	"Call affinity.contrast_agg or affinity.rollup."

/* ---- in and out --------------------------------------------------------- */

static void
reject(const char *problem)
{
	affinity_base_state_invalid("contrast state", "affinity.contrast_agg",
								problem);
}

static Datum
checked(ContrastState *state, Size size)
{
	const char *problem;

	if (size < CONTRAST_HEADER)
		reject("too short");
	SET_VARSIZE(state, size);
	if (state->magic != CONTRAST_MAGIC)
		reject("not one, or from a machine of another byte order");
	if (state->version != CONTRAST_VERSION)
		reject("unknown version");
	if (state->n_slots != 0 || state->unused != 0 || state->n == 0 ||
		state->bytes_used != state->bytes_room ||
		size != CONTRAST_HEADER + (Size) state->n * sizeof(ContrastEntry) +
		state->bytes_used)
		reject("wrong length");
	problem = affinity_profile_state_check(state);
	if (problem != NULL)
		reject(problem);
	return PointerGetDatum(state);
}

/* contrast_in(cstring) and so on */
AFFINITY_STATE_FORMS(affinity_profile, ContrastState, affinity_profile_arg)

/* ---- operators ---------------------------------------------------------- */

/* At rest equal contents are equal bytes. */
/* contrast_eq(contrast, contrast) and so on */
AFFINITY_BYTES_COMPARISONS(affinity_profile, affinity_profile_arg)

/* ---- aggregates --------------------------------------------------------- */

/* contrast_accum(state, in_segment, attribute) */
Datum
affinity_profile_accum(PG_FUNCTION_ARGS)
{
	ContrastState *state;
	text	   *value;
	bool		inside;

	if (fcinfo->flinfo->fn_extra == NULL)
	{
		affinity_base_check_aggregate(fcinfo, CONTRAST_AGGREGATES);
		fcinfo->flinfo->fn_extra = fcinfo->flinfo;
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	state = PG_ARGISNULL(0) ? affinity_profile_state_new()
		: affinity_profile_state_of(PG_GETARG_DATUM(0));
	inside = PG_GETARG_BOOL(1);
	value = PG_GETARG_TEXT_PP(2);
	PG_RETURN_POINTER(affinity_profile_state_add(state, VARDATA_ANY(value),
												 (uint32) VARSIZE_ANY_EXHDR(value),
												 inside, !inside));
}

/* What is in another state added to one, which may be changed. */
static Datum
merge_states(Datum state, Datum other)
{
	ContrastState *a;
	ContrastState *b;

	a = affinity_profile_state_of(state);
	b = affinity_profile_state_of(other);
	for (uint32 i = 0; i < b->n; i++)
	{
		const ContrastEntry *entry = &affinity_profile_entries(b)[i];

		affinity_base_look_up(i);
		a = affinity_profile_state_add(a, affinity_profile_bytes(b) +
									   entry->offset, entry->len,
									   entry->inside, entry->outside);
	}
	return PointerGetDatum(a);
}

/* A state in its form at rest. */
static Datum
at_rest(Datum state)
{
	return PointerGetDatum(affinity_profile_state_final(affinity_profile_state_of(state)));
}

AFFINITY_STATE_STEPS(affinity_profile_combine, affinity_profile_final, affinity_profile_rollup, CONTRAST_AGGREGATES)

/* ---- the report --------------------------------------------------------- */

typedef struct ContrastRow
{
	uint32		value;			/* which of the state's */
	double		log_odds;
	double		z;				/* NAN: there is one value only */
	double		p;
	double		adjusted;
} ContrastRow;

/* By z from the highest on, then by value. */
static int
compare_rows(const ContrastRow *a, const ContrastRow *b)
{
	if (a->z != b->z && !isnan(a->z) && !isnan(b->z))
		return a->z > b->z ? -1 : 1;
	return (a->value > b->value) - (a->value < b->value);
}

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE ContrastRow
#define ST_COMPARE(a, b) compare_rows(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Benjamini and Hochberg's: p n / rank, no larger than that of a larger p.
 * In order of z the largest p are in the middle, so both ends are walked from
 * there, always to the larger one.
 */
static void
adjust(ContrastRow *rows, uint32 n)
{
	uint32		low = 0;		/* rows before are z > 0 yet to be seen */
	uint32		high;
	double		least = 1;

	while (low < n && rows[low].z > 0)
		low++;
	high = low;
	for (uint32 rank = n; rank > 0; rank--)
	{
		ContrastRow *row;

		if (low > 0 && (high == n || rows[low - 1].p >= rows[high].p))
			row = &rows[--low];
		else
			row = &rows[high++];
		least = Min(least, row->p * n / rank);
		row->adjusted = least;
	}
}

static ContrastRow *
make_rows(const ContrastState *state, double prior, double n_in, double n_out)
{
	const ContrastEntry *entries = affinity_profile_entries(state);
	ContrastRow *rows = affinity_base_array(state->n, sizeof(ContrastRow));

	for (uint32 i = 0; i < state->n; i++)
	{
		double		in = (double) entries[i].inside;
		double		out = (double) entries[i].outside;
		double		alpha = prior * (in + out) / (n_in + n_out);

		affinity_base_look_up(i);
		rows[i].value = i;
		rows[i].z = rows[i].p = rows[i].log_odds = NAN;
		if (state->n > 1)
		{
			rows[i].log_odds = log((in + alpha) / (n_in - in + prior - alpha)) -
				log((out + alpha) / (n_out - out + prior - alpha));
			rows[i].z = rows[i].log_odds /
				sqrt(1 / (in + alpha) + 1 / (out + alpha));
			rows[i].p = 2 * affinity_kernel_normal_tail(fabs(rows[i].z));
		}
	}
	sort_rows(rows, state->n);
	if (state->n > 1)
		adjust(rows, state->n);
	return rows;
}

/* contrast(contrast, prior) */
Datum
affinity_profile_contrast(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ContrastState *state;
	const ContrastEntry *entries;
	const ContrastRow *rows;
	double		prior;
	double		n_in = 0;
	double		n_out = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	state = affinity_profile_arg(fcinfo, 0);
	entries = affinity_profile_entries(state);
	prior = PG_ARGISNULL(1) ? state->n : PG_GETARG_FLOAT8(1);
	if (!(prior > 0 && prior <= 1e15))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("prior must be more than 0 and at most 1e15, but is %s", affinity_base_shortest(prior)),
				 errhint("It is how many rows the prior knowledge is worth; NULL is as many as there are values.")));
	for (uint32 i = 0; i < state->n; i++)
	{
		n_in += (double) entries[i].inside;
		n_out += (double) entries[i].outside;
	}
	rows = make_rows(state, prior, n_in, n_out);
	for (uint32 i = 0; i < state->n; i++)
	{
		const ContrastEntry *e = &entries[rows[i].value];
		double		in = (double) e->inside / n_in;
		double		out = (double) e->outside / n_out;
		Datum		values[10];
		bool		nulls[10] = {false};

		affinity_base_look_up(i);
		values[0] = PointerGetDatum(cstring_to_text_with_len(affinity_profile_bytes(state) + e->offset,
															 (int) e->len));
		values[1] = Int64GetDatum(e->inside);
		values[2] = Int64GetDatum(e->outside);
		values[3] = Float8GetDatum(in);
		values[4] = Float8GetDatum(out);
		values[5] = Float8GetDatum(in / out);
		values[6] = Float8GetDatum(rows[i].log_odds);
		values[7] = Float8GetDatum(rows[i].z);
		values[8] = Float8GetDatum(rows[i].p);
		values[9] = Float8GetDatum(rows[i].adjusted);
		nulls[3] = n_in == 0;
		nulls[4] = n_out == 0;
		nulls[5] = n_in == 0 || e->outside == 0;
		nulls[6] = nulls[7] = nulls[8] = nulls[9] = isnan(rows[i].z);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
		pfree(DatumGetPointer(values[0]));
	}
	return (Datum) 0;
}
