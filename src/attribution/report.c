/*
 * report.c
 *		attribution and attribution_models: what a model gives to each channel.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "attribution/attribution.h"
#include "base/number.h"

PG_FUNCTION_INFO_V1(affinity_attribution_report);
PG_FUNCTION_INFO_V1(affinity_attribution_models_report);

/* (state, model, lookback, direct, weights, half_life, markov_order, game,
 * samples, seed, reuse) */
#define MODEL_ARG 1
#define LOOKBACK_ARG 2
#define DIRECT_ARG 3
#define WEIGHTS_ARG 4
#define HALF_LIFE_ARG 5
#define ORDER_ARG 6
#define GAME_ARG 7
#define SAMPLES_ARG 8
#define SEED_ARG 9
#define REUSE_ARG 10

#define SAMPLES_MOST 100000000
#define COLUMNS_MOST 6

const AttributionModel affinity_attribution_models[ATTRIBUTION_MODELS] = {
	{"first_touch", affinity_attribution_first_touch},
	{"last_touch", affinity_attribution_last_touch},
	{"last_non_direct", affinity_attribution_last_non_direct},
	{"linear", affinity_attribution_linear},
	{"position", affinity_attribution_position},
	{"time_decay", affinity_attribution_time_decay},
	{"markov", affinity_attribution_markov},
	{"shapley", affinity_attribution_shapley},
};

/* ---- arguments ---------------------------------------------------------- */

static const AttributionModel *
find_model(const char *name)
{
	StringInfoData models;

	for (int i = 0; i < ATTRIBUTION_MODELS; i++)
		if (pg_strcasecmp(affinity_attribution_models[i].name, name) == 0)
			return &affinity_attribution_models[i];
	initStringInfo(&models);
	for (int i = 0; i < ATTRIBUTION_MODELS; i++)
		appendStringInfo(&models, "%s%s", i == 0 ? "" :
						 i == ATTRIBUTION_MODELS - 1 ? " and " : ", ",
						 affinity_attribution_models[i].name);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown model \"%s\"", name),
			 errhint("Models are %s.", models.data)));
	return NULL;				/* not reached */
}

static void
read_weights(FunctionCallInfo fcinfo, double *weights)
{
	ArrayType  *array;
	Datum	   *value;
	bool	   *null;
	int			n;
	double		sum = 0;

	affinity_base_check_not_null(fcinfo, WEIGHTS_ARG, "weights");
	array = PG_GETARG_ARRAYTYPE_P(WEIGHTS_ARG);
	deconstruct_array(array, FLOAT8OID, 8, FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &value, &null, &n);
	if (n != 3)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there must be 3 weights, but there are %d", n),
				 errhint("They are of the first touch, of all between, and of the last: '{0.4, 0.2, 0.4}'.")));
	for (int i = 0; i < n; i++)
	{
		weights[i] = null[i] ? NAN : DatumGetFloat8(value[i]);
		if (!(weights[i] >= 0 && weights[i] <= 1))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("weight %d must be from 0 to 1", i + 1),
					 errhint("Weights are parts of a conversion: '{0.4, 0.2, 0.4}'.")));
		sum += weights[i];
	}
	if (fabs(sum - 1) > 1e-9)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the sum of weights must be 1, but is %s", affinity_base_shortest(sum)),
				 errhint("Weights are parts of a conversion: '{0.4, 0.2, 0.4}'.")));
}

static double
read_half_life(FunctionCallInfo fcinfo)
{
	double		length;

	affinity_base_check_not_null(fcinfo, HALF_LIFE_ARG, "half_life");
	length = (double) affinity_eventlog_interval_length(PG_GETARG_INTERVAL_P(HALF_LIFE_ARG));
	if (length <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("half_life must be longer than 0"),
				 errhint("A touch that much before the last one counts half as much: interval '7 days'.")));
	return length;
}

int
affinity_attribution_order_arg(FunctionCallInfo fcinfo, int arg)
{
	int64		order;

	affinity_base_check_not_null(fcinfo, arg, "markov_order");
	order = PG_GETARG_INT64(arg);
	if (order < 1 || order > 3)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("markov_order must be 1, 2 or 3, but is %lld",
						(long long) order),
				 errhint("It is how many of the last touches the next one depends on.")));
	return (int) order;
}

static AttributionGame
read_game(FunctionCallInfo fcinfo)
{
	char	   *game = affinity_base_text_arg(fcinfo, GAME_ARG, "game");

	if (pg_strcasecmp(game, "conversions") == 0)
		return GAME_CONVERSIONS;
	if (pg_strcasecmp(game, "rate") == 0)
		return GAME_RATE;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown game \"%s\"", game),
			 errhint("Games are conversions and rate.")));
	return GAME_RATE;			/* not reached */
}

static void
read_options(FunctionCallInfo fcinfo, const Attribution *state,
			 AttributionOptions *options)
{
	affinity_attribution_journey_options(fcinfo, state, LOOKBACK_ARG,
										 REUSE_ARG, &options->journeys);
	if (PG_ARGISNULL(DIRECT_ARG))
	{
		options->direct.bytes = ATTRIBUTION_NONE;
		options->direct.len = strlen(ATTRIBUTION_NONE);
	}
	else
	{
		text	   *direct = PG_GETARG_TEXT_PP(DIRECT_ARG);

		options->direct.bytes = VARDATA_ANY(direct);
		options->direct.len = VARSIZE_ANY_EXHDR(direct);
	}
	read_weights(fcinfo, options->weights);
	options->half_life = read_half_life(fcinfo);
	options->order = affinity_attribution_order_arg(fcinfo, ORDER_ARG);
	options->game = read_game(fcinfo);
	options->samples = PG_ARGISNULL(SAMPLES_ARG) ? -1 :
		PG_GETARG_INT64(SAMPLES_ARG);
	if (!PG_ARGISNULL(SAMPLES_ARG) &&
		(options->samples < 0 || options->samples > SAMPLES_MOST))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("samples must be from 0 to %d, but is %lld",
						SAMPLES_MOST, (long long) options->samples),
				 errhint("It is how many orders of channels are drawn; 0 is exact, NULL draws where there are more than 15 channels.")));
	affinity_base_check_not_null(fcinfo, SEED_ARG, "seed");
	options->seed = (uint64) PG_GETARG_INT64(SEED_ARG);
}

/* ---- rows --------------------------------------------------------------- */

Datum
affinity_attribution_name_datum(const ChannelName *name, uint32 channel)
{
	return PointerGetDatum(cstring_to_text_with_len(name[channel].bytes,
													(int) name[channel].len));
}

typedef struct ReportRow
{
	uint32		channel;
	double		conversions;
	double		value;
	double		share;
} ReportRow;

/* Most conversions first, of equals by the channel's name. */
static int
compare_report_rows(const ReportRow *a, const ReportRow *b,
					const ChannelName *name)
{
	if (a->conversions != b->conversions)
		return a->conversions > b->conversions ? -1 : 1;
	return affinity_base_bytes_compare(name[a->channel].bytes,
									   name[a->channel].len,
									   name[b->channel].bytes,
									   name[b->channel].len);
}

#define ST_SORT sort_report_rows
#define ST_ELEMENT_TYPE ReportRow
#define ST_COMPARE(a, b, name) compare_report_rows(a, b, name)
#define ST_COMPARE_ARG_TYPE const ChannelName
#define ST_SCOPE static
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* The rows of channels that were seen; gives how many. */
static uint32
make_rows(const Credit *credit, ReportRow *row, bool *has_share)
{
	uint32		n = 0;
	int128	   *unit = affinity_base_array(credit->n, sizeof(int128));
	int128	   *value = affinity_base_array(credit->n, sizeof(int128));
	double	   *result = affinity_base_array(credit->n, sizeof(double));

	for (uint32 i = 0; i < credit->n; i++)
	{
		if (!credit->seen[i])
			continue;
		unit[n] = credit->conversions[i];
		value[n] = credit->value[i];
		row[n++].channel = i;
	}
	affinity_attribution_doubles(unit, n, -CREDIT_BITS, result);
	for (uint32 i = 0; i < n; i++)
		row[i].conversions = result[i];
	affinity_attribution_doubles(value, n, credit->scale, result);
	for (uint32 i = 0; i < n; i++)
		row[i].value = result[i];
	*has_share = affinity_attribution_shares(unit, n, result);
	for (uint32 i = 0; i < n; i++)
		row[i].share = *has_share ? result[i] : 0;
	pfree(unit);
	pfree(value);
	pfree(result);
	return n;
}

/* What one model gives, with its name in front if that is given. */
static void
put_model(ReturnSetInfo *rsinfo, const Attribution *state,
		  const ChannelName *name, const AttributionModel *model,
		  const AttributionOptions *options, bool with_model)
{
	Credit		credit;
	ReportRow  *row;
	uint32		n;
	bool		has_share;

	affinity_attribution_credit_begin(&credit, state);
	model->run(state, options, &credit);
	row = affinity_base_array(credit.n, sizeof(ReportRow));
	n = make_rows(&credit, row, &has_share);
	sort_report_rows(row, n, name);
	for (uint32 i = 0; i < n; i++)
	{
		Datum		values[COLUMNS_MOST];
		bool		nulls[COLUMNS_MOST] = {false};
		int			c = 0;

		affinity_base_look_up(i);
		if (with_model)
			values[c++] = CStringGetTextDatum(model->name);
		values[c++] = affinity_attribution_name_datum(name, row[i].channel);
		values[c++] = Float8GetDatum(row[i].conversions);
		values[c++] = Float8GetDatum(row[i].value);
		nulls[c] = !has_share;
		values[c++] = Float8GetDatum(row[i].share);
		nulls[c] = credit.error == NULL ||
			isnan(credit.error[row[i].channel]);
		values[c] = Float8GetDatum(nulls[c] ? 0 :
								   credit.error[row[i].channel]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
}

/* attribution(state, model, lookback, direct, weights, …) */
Datum
affinity_attribution_report(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const AttributionModel *model;
	AttributionOptions options;
	Attribution *state;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	model = find_model(affinity_base_text_arg(fcinfo, MODEL_ARG, "model"));
	state = affinity_attribution_arg(fcinfo, 0);
	read_options(fcinfo, state, &options);
	put_model(rsinfo, state, affinity_attribution_names(state), model,
			  &options, false);
	return (Datum) 0;
}

/* attribution_models(state, models, lookback, …): NULL is all of them */
Datum
affinity_attribution_models_report(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	AttributionOptions options;
	Attribution *state;
	ChannelName *name;
	Datum	   *model = NULL;
	bool	   *null = NULL;
	int			n = ATTRIBUTION_MODELS;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	state = affinity_attribution_arg(fcinfo, 0);
	name = affinity_attribution_names(state);
	read_options(fcinfo, state, &options);
	if (!PG_ARGISNULL(MODEL_ARG))
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(MODEL_ARG), TEXTOID, -1, false,
						  TYPALIGN_INT, &model, &null, &n);
	for (int i = 0; i < n; i++)
	{
		if (model != NULL && null[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("models must not contain null"),
					 errhint("NULL instead of an array is all models.")));
		put_model(rsinfo, state, name, model == NULL ?
				  &affinity_attribution_models[i] :
				  find_model(TextDatumGetCString(model[i])), &options, true);
	}
	return (Datum) 0;
}
