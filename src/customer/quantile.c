/*
 * quantile.c
 *		quantile_bin: which of so many equally large parts of a partition a
 *		row is in, as ntile, but rows that are equal in the window's order are
 *		in the same one.
 *
 * The bin of a row of rank r among n is 1 + (r - 1) * bins / n, where the
 * rank is that of the first of its peers, as rank() has it. Rows whose value
 * is NULL have no bin and no rank.
 */
#include "postgres.h"

#include "fmgr.h"
#include "windowapi.h"

#include "base/base.h"

PG_FUNCTION_INFO_V1(affinity_customer_quantile_bin);

typedef struct BinState
{
	bool		begun;
	int64		n;				/* rows of the partition with a value */
	int64		before;			/* of these, before the row */
	int64		rank;			/* of the first of the row's peers, from 0 */
} BinState;

static int64
count_values(WindowObject winobj)
{
	int64		n_rows = WinGetPartitionRowCount(winobj);
	int64		n = 0;

	for (int64 i = 0; i < n_rows; i++)
	{
		bool		is_null;
		bool		is_out;

		affinity_base_look_up((uint64) i);
		(void) WinGetFuncArgInPartition(winobj, 0, (int) i, WINDOW_SEEK_HEAD,
										false, &is_null, &is_out);
		if (!is_null)
			n++;
	}
	return n;
}

/* quantile_bin(value, bins) */
Datum
affinity_customer_quantile_bin(PG_FUNCTION_ARGS)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	BinState   *state = WinGetPartitionLocalMemory(winobj, sizeof(BinState));
	int64		at = WinGetCurrentPosition(winobj);
	bool		is_null;
	bool		no_value;
	int64		bins;

	if (!state->begun)
	{
		state->begun = true;
		state->n = count_values(winobj);
	}
	else if (!WinRowsArePeers(winobj, at - 1, at))
		state->rank = state->before;
	WinSetMarkPosition(winobj, at);
	(void) WinGetFuncArgCurrent(winobj, 0, &no_value);
	if (!no_value)
		state->before++;
	bins = DatumGetInt64(WinGetFuncArgCurrent(winobj, 1, &is_null));
	if (is_null)
		PG_RETURN_NULL();
	if (bins < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bins must be at least 1, but is %lld",
						(long long) bins),
				 errhint("Five bins are quintiles: quantile_bin(value, 5).")));
	if (no_value)
		PG_RETURN_NULL();
	/* a value that is not the same each time may be one it was not before */
	if (state->rank >= state->n)
		PG_RETURN_INT64(bins);
	PG_RETURN_INT64(1 + (int64) ((int128) state->rank * bins / state->n));
}
