/*
 * agg.c
 *		The aggregates cluster_metric_agg, did_agg and rollup, and the text and
 *		binary form of their types.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "activity/activity.h"
#include "base/compare.h"
#include "base/form.h"
#include "base/kept.h"
#include "base/number.h"
#include "base/state.h"
#include "cluster/cluster.h"

PG_FUNCTION_INFO_V1(affinity_cluster_accum);
PG_FUNCTION_INFO_V1(affinity_cluster_metric_in);
PG_FUNCTION_INFO_V1(affinity_cluster_did_in);
PG_FUNCTION_INFO_V1(affinity_cluster_metric_recv);
PG_FUNCTION_INFO_V1(affinity_cluster_did_recv);
PG_FUNCTION_INFO_V1(affinity_cluster_out);
PG_FUNCTION_INFO_V1(affinity_cluster_send);

#define CLUSTER_AGGREGATES \
	"Call affinity.cluster_metric_agg, affinity.did_agg or affinity.rollup."
#define NAME_DIGITS 37			/* a uuid's, a zero */

/* What an aggregate's calls have in common. */
typedef struct ClusterCall
{
	bool		of_did;
	bool		of_bool;		/* the value */
	int			cluster;		/* the number of its argument */
	Oid			type;			/* of the cluster */
	AffinityIdKind kind;
} ClusterCall;

/* ---- rows --------------------------------------------------------------- */

/* (state, value, cluster) or (state, value, treated, after, cluster) */
static ClusterCall *
call_of(FunctionCallInfo fcinfo)
{
	ClusterCall *call;

	call = affinity_base_resume(fcinfo, NULL);
	if (call != NULL)
		return call;
	affinity_base_check_aggregate(fcinfo, CLUSTER_AGGREGATES);
	call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
								  sizeof(ClusterCall));
	call->of_did = PG_NARGS() == 5;
	call->cluster = PG_NARGS() - 1;
	call->of_bool = affinity_base_arg_type(fcinfo, 1) == BOOLOID;
	call->type = affinity_base_id_arg(fcinfo, call->cluster, "cluster",
									  &call->kind);
	affinity_base_keep(fcinfo, call);
	return call;
}

static ClusterCell
cell_of(double value)
{
	ClusterCell cell;

	affinity_base_within(value, AFFINITY_VALUE_MAX, "value",
						 "Values reach from -1e15 to 1e15. " AFFINITY_LARGER_UNIT "; the p-value stays the same.");
	cell.n = 1;
	cell.sum = affinity_cluster_sum_of(affinity_activity_value_of(value));
	return cell;
}

/* The name of a cluster: its id as text. */
static const char *
name_of(FunctionCallInfo fcinfo, const ClusterCall *call, char *digits,
		uint32 *len)
{
	Datum		id = PG_GETARG_DATUM(call->cluster);

	switch (call->kind)
	{
		case AFFINITY_ID_INT:
			*len = (uint32) pg_lltoa(affinity_base_id_to_int(id, call->type),
									 digits);
			return digits;
		case AFFINITY_ID_UUID:
			{
				static const char hex[] = "0123456789abcdef";
				const pg_uuid_t *uuid = DatumGetUUIDP(id);

				*len = 0;
				for (int i = 0; i < UUID_LEN; i++)
				{
					if (i == 4 || i == 6 || i == 8 || i == 10)
						digits[(*len)++] = '-';
					digits[(*len)++] = hex[uuid->data[i] >> 4];
					digits[(*len)++] = hex[uuid->data[i] & 15];
				}
				return digits;
			}
		default:
			return affinity_base_id_bytes(id, call->type, len);
	}
}

Datum
affinity_cluster_accum(PG_FUNCTION_ARGS)
{
	ClusterCall *call = call_of(fcinfo);
	int			n_cells = call->of_did ? CLUSTER_DID_CELLS
		: CLUSTER_METRIC_CELLS;
	char		digits[NAME_DIGITS];
	ClusterState *state;
	ClusterCell row;
	const char *name;
	uint32		len;
	int			cell = 0;

	for (int i = 1; i < PG_NARGS(); i++)
	{
		if (!PG_ARGISNULL(i))
			continue;
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	row = cell_of(call->of_bool ? (double) PG_GETARG_BOOL(1)
				  : PG_GETARG_FLOAT8(1));
	if (call->of_did)
		cell = (PG_GETARG_BOOL(2) ? CLUSTER_TREATED : 0) |
			(PG_GETARG_BOOL(3) ? CLUSTER_AFTER : 0);
	name = name_of(fcinfo, call, digits, &len);
	state = PG_ARGISNULL(0) ? affinity_cluster_new(n_cells)
		: affinity_cluster_of(PG_GETARG_DATUM(0), n_cells);
	PG_RETURN_POINTER(affinity_cluster_add(state, name, len, cell,
										   &row));
}

/* What is in another state added to one, which may be changed. */
static Datum
merge_states(Datum state, Datum other)
{
	ClusterState *a = (ClusterState *) PG_DETOAST_DATUM(state);
	int			n_cells = a->n_cells == CLUSTER_DID_CELLS ? CLUSTER_DID_CELLS
		: CLUSTER_METRIC_CELLS;
	ClusterState *b;
	const char *names;

	a = affinity_cluster_of(PointerGetDatum(a), n_cells);
	b = affinity_cluster_of(other, n_cells);
	names = affinity_cluster_names(b);
	for (uint32 i = 0; i < b->n; i++)
	{
		const ClusterEntry *entry = affinity_cluster_entry(b, i);

		affinity_base_look_up(i);
		for (int j = 0; j < n_cells; j++)
		{
			if (entry->cells[j].n > 0)
				a = affinity_cluster_add(a, names + entry->offset,
										 entry->len, j,
										 &entry->cells[j]);
		}
	}
	return PointerGetDatum(a);
}

/* A state in its form at rest. */
static Datum
at_rest(Datum state)
{
	return PointerGetDatum(affinity_cluster_any_at_rest(state));
}

AFFINITY_STATE_STEPS(affinity_cluster_combine, affinity_cluster_finish, affinity_cluster_rollup, CLUSTER_AGGREGATES)

/* ---- text and binary form ----------------------------------------------- */

static void
reject(const char *problem)
{
	affinity_base_state_invalid("state of clusters",
								"affinity.cluster_metric_agg and affinity.did_agg",
								problem);
}

/* Check the state of so many bytes and give it back. */
static Datum
checked(ClusterState *state, Size size, int n_cells)
{
	const char *problem;

	if (size < CLUSTER_HEADER)
		reject("too short");
	SET_VARSIZE(state, size);
	if (state->magic != CLUSTER_MAGIC)
		reject("not one, or from a machine of another byte order");
	if (state->version != CLUSTER_VERSION)
		reject("unknown version");
	if (state->n_cells != n_cells)
		reject("it is of the other type");
	if (state->n_slots != 0 || size != CLUSTER_HEADER + state->bytes_room +
		state->n * affinity_cluster_width(n_cells))
		reject("wrong length");
	problem = affinity_cluster_check(state);
	if (problem != NULL)
		reject(problem);
	return PointerGetDatum(state);
}

static Datum
state_in(FunctionCallInfo fcinfo, int n_cells)
{
	const char *input = PG_GETARG_CSTRING(0);
	Size		len = strlen(input);
	Size		size;
	ClusterState *state = palloc(Max(VARHDRSZ + AFFINITY_DECODED_SIZE(len),
									 sizeof(ClusterState)));

	if (!affinity_base_decode(input, len, (char *) state + VARHDRSZ, &size))
		reject("not base64");
	return checked(state, VARHDRSZ + size, n_cells);
}

static Datum
state_recv(FunctionCallInfo fcinfo, int n_cells)
{
	Size		size;
	ClusterState *state = affinity_base_state_recv(fcinfo,
												   sizeof(ClusterState),
												   &size);

	return checked(state, size, n_cells);
}

Datum
affinity_cluster_metric_in(PG_FUNCTION_ARGS)
{
	return state_in(fcinfo, CLUSTER_METRIC_CELLS);
}

Datum
affinity_cluster_did_in(PG_FUNCTION_ARGS)
{
	return state_in(fcinfo, CLUSTER_DID_CELLS);
}

Datum
affinity_cluster_metric_recv(PG_FUNCTION_ARGS)
{
	return state_recv(fcinfo, CLUSTER_METRIC_CELLS);
}

Datum
affinity_cluster_did_recv(PG_FUNCTION_ARGS)
{
	return state_recv(fcinfo, CLUSTER_DID_CELLS);
}

Datum
affinity_cluster_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(affinity_base_state_out(affinity_cluster_arg(fcinfo, 0)));
}

Datum
affinity_cluster_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(affinity_base_state_send(affinity_cluster_arg(fcinfo, 0)));
}

AFFINITY_BYTES_COMPARISONS(affinity_cluster, affinity_cluster_arg)
