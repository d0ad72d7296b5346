/*
 * run.c
 *		Running the query that gives rows.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "nodes/params.h"

#include "interaction/rows.h"

/*
 * Run a query with a request's parameters, its rows to a receiver.
 */
void
affinity_interaction_run(const AffinityReadRequest *request,
						 const char *query, DestReceiver *to)
{
	SPIExecuteOptions options = {0};
	MemoryContext old = CurrentMemoryContext;
	int			rc;

	if (request->n_args > 0)
	{
		options.params = makeParamList(request->n_args);
		for (int i = 0; i < request->n_args; i++)
		{
			ParamExternData *param = &options.params->params[i];

			param->value = request->args[i];
			param->isnull = false;
			param->pflags = PARAM_FLAG_CONST;
			param->ptype = request->arg_types[i];
		}
	}
	options.read_only = request->read_only;
	options.dest = to;
	rc = SPI_execute_extended(query, &options);
	MemoryContextSwitchTo(old); /* SPI leaves its own */
	if (rc != SPI_OK_SELECT)
		elog(ERROR, "reading interactions failed: %s",
			 SPI_result_code_string(rc));
}
