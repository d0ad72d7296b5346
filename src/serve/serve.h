/*
 * serve.h
 *		SQL functions that answer from a model and a history: arguments and
 *		results. Serving is the last room; no other includes this.
 *
 * A call connects to SPI, so everything it allocates goes when it
 * disconnects; only the result's rows live on, in the executor's memory.
 */
#ifndef AFFINITY_SERVE_H
#define AFFINITY_SERVE_H

#include "postgres.h"

#include "fmgr.h"
#include "portability/instr_time.h"
#include "utils/tuplestore.h"

#include "model/model.h"

/* Columns of a result at most. */
#define SERVE_COLUMNS	6

typedef struct ServeCall
{
	FunctionCallInfo fcinfo;
	AffinityModel *model;
	Tuplestorestate *rows;
	TupleDesc	desc;
	instr_time	start;
	AffinityCacheCall counted;	/* see affinity.stat_models */
} ServeCall;

extern void affinity_serve_begin(ServeCall *call, FunctionCallInfo fcinfo);
extern Datum affinity_serve_end(ServeCall *call);

/* arguments */
extern uint32 affinity_serve_k(ServeCall *call, int arg);
extern bool affinity_serve_id(ServeCall *call, int arg, Oid type,
							  const char *role, Datum *id);
extern bool affinity_serve_ids(ServeCall *call, int arg, Datum *ids);
extern bool affinity_serve_items(ServeCall *call, int arg,
								 AffinityItems *items);
extern bool affinity_serve_item(ServeCall *call, int arg, AffinityItem *item);
extern bool affinity_serve_history(ServeCall *call, int arg, bool repeat,
								   AffinityModelHistory *history);
extern double affinity_serve_repeat(ServeCall *call, int arg);
extern void affinity_serve_learns_items(const AffinityModel *model,
										const char *function);

/* results */
extern void affinity_serve_result(ServeCall *call, int n_columns,...);
extern void affinity_serve_put(ServeCall *call, const Datum *values);
extern void affinity_serve_put_key(ServeCall *call, Datum id, uint64 key,
								   size_t rank, Datum more);

#endif							/* AFFINITY_SERVE_H */
