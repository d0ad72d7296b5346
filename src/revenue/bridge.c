/*
 * bridge.c
 *		The reports revenue_bridge and active_stock: how what customers pay, and
 *		how many they are, goes from each period to the next.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "revenue/revenue.h"

PG_FUNCTION_INFO_V1(affinity_revenue_bridge);
PG_FUNCTION_INFO_V1(affinity_revenue_stock);

#define BRIDGE_COLUMNS 25
#define STOCK_COLUMNS 7

/* A period's row: what there was before and what there is at its end. */
typedef struct BridgeRow
{
	const RevenueMoves *moves;
	int128		opening;
	int128		closing;
	int64		n_opening;
	int64		n_closing;
	int128		then;			/* closing so many periods before; 0: none */
	int64		n_then;
} BridgeRow;

/* How many decimals money has, all that is shown alike. */
static int
digits_of(const RevenueMoves *moves, uint32 span)
{
	int64		step = MONEY_ONE;
	int			digits = 0;

	for (uint32 p = 0; p < span; p++)
	{
		const RevenueMoves *m = &moves[p];

		affinity_base_look_up(p);
		while (m->fresh % step != 0 || m->expansion % step != 0 ||
			   m->contraction % step != 0 || m->churned % step != 0 ||
			   m->reactivated % step != 0 || m->negative % step != 0)
		{
			step /= 10;
			digits++;
		}
	}
	return digits;
}

/* Money as a numeric of so many decimals, of which it has no more. */
static Datum
money(int128 amount, int digits)
{
	unsigned	__int128 left = amount < 0 ? -amount : amount;
	char		text[64];
	char	   *at = text + sizeof(text);

	*--at = '\0';
	for (int i = MONEY_DIGITS; i > digits; i--)
		left /= 10;
	for (int i = 0; i <= digits || left > 0; i++)
	{
		if (i == digits && digits > 0)
			*--at = '.';
		*--at = (char) ('0' + (int) (left % 10));
		left /= 10;
	}
	if (amount < 0)
		*--at = '-';
	return DirectFunctionCall3(numeric_in, CStringGetDatum(at),
							   ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

/* A column that is a ratio, NULL where it is one of nothing. */
static void
put_ratio(Datum *values, bool *nulls, int column, double part, double whole)
{
	nulls[column] = whole == 0;
	if (whole != 0)
		values[column] = Float8GetDatum(part / whole);
}

static void
bridge_rates(const BridgeRow *row, Datum *values, bool *nulls)
{
	const RevenueMoves *m = row->moves;
	int128		lost = m->contraction + m->churned;
	int128		won = m->fresh + m->expansion + m->reactivated;

	put_ratio(values, nulls, 15, (double) m->n_churned,
			  (double) row->n_opening);
	put_ratio(values, nulls, 16, (double) (row->opening - lost),
			  (double) row->opening);
	put_ratio(values, nulls, 17, (double) (row->opening - lost + m->expansion),
			  (double) row->opening);
	put_ratio(values, nulls, 18, (double) m->n_lost, (double) row->n_then);
	put_ratio(values, nulls, 19, (double) m->gross, (double) row->then);
	put_ratio(values, nulls, 20, (double) m->kept, (double) row->then);
	put_ratio(values, nulls, 21, (double) won, (double) lost);
	put_ratio(values, nulls, 22, (double) row->closing,
			  (double) row->n_closing * MONEY_ONE);
}

static void
bridge_row(const BridgeRow *row, int digits, Datum *values, bool *nulls)
{
	const RevenueMoves *m = row->moves;

	values[1] = money(row->opening, digits);
	values[2] = money(m->fresh, digits);
	values[3] = money(m->expansion, digits);
	values[4] = money(m->contraction, digits);
	values[5] = money(m->churned, digits);
	values[6] = money(m->reactivated, digits);
	values[7] = money(row->closing, digits);
	values[8] = Int64GetDatum(row->n_opening);
	values[9] = Int64GetDatum(m->n_fresh);
	values[10] = Int64GetDatum(m->n_expansion);
	values[11] = Int64GetDatum(m->n_contraction);
	values[12] = Int64GetDatum(m->n_churned);
	values[13] = Int64GetDatum(m->n_reactivated);
	values[14] = Int64GetDatum(row->n_closing);
	bridge_rates(row, values, nulls);
	values[23] = money(m->negative, digits);
}

static void
stock_row(const BridgeRow *row, Datum *values)
{
	values[1] = Int64GetDatum(row->n_opening);
	values[2] = Int64GetDatum(row->moves->n_fresh);
	values[3] = Int64GetDatum(row->moves->n_reactivated);
	values[4] = Int64GetDatum(row->moves->n_churned);
	values[5] = Int64GetDatum(row->n_closing);
}

/* The rows of a report, money and all or customers alone. */
static void
put_rows(ReturnSetInfo *rsinfo, const ActivityReader *reader, uint32 span,
		 uint32 trailing, bool stock)
{
	RevenueMoves *moves = affinity_revenue_moves((ActivityReader *) reader,
												 span, trailing);
	int128	   *closing = affinity_base_array(span, sizeof(int128));
	int64	   *n_closing = affinity_base_array(span, sizeof(int64));
	int			digits = digits_of(moves, span);
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext,
													  "affinity bridge row",
													  ALLOCSET_SMALL_SIZES);

	for (uint32 p = 0; p < span; p++)
	{
		const RevenueMoves *m = &moves[p];
		uint32		period = reader->first_period + p;
		BridgeRow	row = {.moves = m};
		Datum		values[BRIDGE_COLUMNS];
		bool		nulls[BRIDGE_COLUMNS] = {false};
		MemoryContext old;

		affinity_base_look_up(p);
		row.opening = p == 0 ? 0 : closing[p - 1];
		row.n_opening = p == 0 ? 0 : n_closing[p - 1];
		row.closing = closing[p] = row.opening + m->fresh + m->expansion -
			m->contraction - m->churned + m->reactivated;
		row.n_closing = n_closing[p] = row.n_opening + m->n_fresh -
			m->n_churned + m->n_reactivated;
		row.then = p < trailing ? 0 : closing[p - trailing];
		row.n_then = p < trailing ? 0 : n_closing[p - trailing];
		old = MemoryContextSwitchTo(row_context);
		values[0] =
			TimestampGetDatum(affinity_calendar_period_start(reader->clock.unit,
															 period));
		if (stock)
			stock_row(&row, values);
		else
			bridge_row(&row, digits, values, nulls);
		values[(stock ? STOCK_COLUMNS : BRIDGE_COLUMNS) - 1] =
			BoolGetDatum(affinity_activity_reader_complete(reader, period));
		MemoryContextSwitchTo(old);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
		MemoryContextReset(row_context);
	}
}

/* The periods that argument 2 goes back: a year of months. */
static uint32
trailing_arg(FunctionCallInfo fcinfo)
{
	int64		trailing = PG_ARGISNULL(2) ? 12 : PG_GETARG_INT64(2);

	if (trailing < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("periods_back must be at least 1, but is %lld",
						(long long) trailing),
				 errhint("Pass how many periods to look back: 12 months, or 4 quarters, are a year.")));
	return (uint32) affinity_base_count_arg(trailing);
}

/* revenue_bridge(value, as_of, periods_back) */
Datum
affinity_revenue_bridge(PG_FUNCTION_ARGS)
{
	ActivityReader reader;
	uint32		trailing;

	InitMaterializedSRF(fcinfo, 0);
	trailing = trailing_arg(fcinfo);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	affinity_activity_reader_begin(fcinfo, &reader,
								   affinity_activity_value_arg(fcinfo, 0));
	put_rows((ReturnSetInfo *) fcinfo->resultinfo, &reader,
			 affinity_activity_reader_span(&reader), trailing, false);
	return (Datum) 0;
}

/* active_stock(value, as_of) */
Datum
affinity_revenue_stock(PG_FUNCTION_ARGS)
{
	ActivityReader reader;
	ActivityFlat *flat;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	flat = affinity_activity_value_arg(fcinfo, 0);
	if (flat->counted != COUNTED_AT_END)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("active_stock needs ranges counted at_end"),
				 errhint("Who is there at the end of each period is known of ranges of time: affinity.value_agg(user_id, daterange(started, stopped), 1, 'month'). Of other values revenue_bridge has the customers of each period.")));
	affinity_activity_reader_begin(fcinfo, &reader, flat);
	put_rows((ReturnSetInfo *) fcinfo->resultinfo, &reader,
			 affinity_activity_reader_span(&reader), 12, true);
	return (Datum) 0;
}
