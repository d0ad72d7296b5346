/*
 * memory.c
 *		The error that names how much memory would do.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/base.h"

/*
 * More than maintenance_work_mem is needed. subject is how the sentence
 * begins, with its verb ("512 factors need"); otherwise, what else one could
 * do ("use fewer factors"), or NULL.
 */
void
affinity_base_lacks_memory(const char *subject, Size bytes,
						   const char *otherwise)
{
	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("%s %zu bytes of memory, but maintenance_work_mem allows %zu",
					subject, bytes, affinity_base_memory_allowed()),
			 errhint("SET maintenance_work_mem = '%zu MB'%s%s.",
					 bytes / (1024 * 1024) + 1, otherwise ? ", or " : "",
					 otherwise ? otherwise : "")));
}
