/*
 * guc.c
 *		Settings of the extension. All names start with "affinity.".
 */
#include "postgres.h"

#include "utils/guc.h"

#include "common/common.h"

/*
 * Reserve the prefix, so that a misspelt setting is an error and not silence.
 */
void
affinity_define_gucs(void)
{
	MarkGUCPrefixReserved("affinity");
}
