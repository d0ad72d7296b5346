/*
 * draw.c
 *		Random points of a space. Chance follows from the seed, the number of
 *		the point and the name of the option: not from what was drawn before, so
 *		that more points begin with the same ones.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "tune/space.h"

/* From 0 on, below 1. */
static double
chance(const TuneSpace *space, const TuneRange *range, int64 seed, int64 no)
{
	const char *name = psprintf("%s.%s", space->algorithm->name,
								range->option->name);
	uint64		hash = hash_bytes_extended((const unsigned char *) name,
										   (int) strlen(name), (uint64) seed);

	hash = affinity_base_mix64(hash +
							   (uint64) no * AFFINITY_SPLITMIX64_STEP);
	return (double) (hash >> 11) / (double) (UINT64CONST(1) << 53);
}

/*
 * A number of three digits, which say all that there is to say, as JSON.
 */
static char *
draw_number(const TuneRange *range, double u)
{
	double		number = range->log ?
		range->min * pow(range->max / range->min, u) :
		range->min + (range->max - range->min) * u;

	if (range->option->type == AFFINITY_OPTION_INTERVAL)
		return psprintf("\"%s\"", affinity_tune_interval(number));
	if (range->option->type == AFFINITY_OPTION_INT)
		number = rint(number);
	number = strtod(psprintf("%.3g", number), NULL);
	number = Min(Max(number, range->min), range->max);
	return psprintf("%.15g", number);
}

/*
 * The options of point no: those of base, but for those that are drawn.
 */
Jsonb *
affinity_tune_draw(const TuneSpace *space, Jsonb *base, int64 seed, int64 no)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	for (int i = 0; i < space->n; i++)
	{
		const TuneRange *range = &space->range[i];
		const char *name = range->option->name;
		double		u = chance(space, range, seed, no);
		const char *value = range->n > 0 ?
			range->value[(int) (u * range->n)] : draw_number(range, u);
		JsonbValue	before;

		/* null is the default: only to be said where base says otherwise */
		if (strcmp(value, "null") == 0 &&
			getKeyJsonValueFromContainer(&base->root, name,
										 (int) strlen(name), &before) == NULL)
			continue;
		appendStringInfo(&json, "%s\"%s\": %s", json.len > 1 ? ", " : "",
						 name, value);
	}
	appendStringInfoChar(&json, '}');
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat,
											  JsonbPGetDatum(base),
											  JsonbPGetDatum(affinity_tune_json(json.data))));
}
