/*
 * settings.c
 *		Settings of the extension. All names start with "affinity.".
 */
#include "postgres.h"

#include "utils/guc.h"

#include "base/base.h"

int			affinity_base_blas_threads = 1;

void
affinity_base_define_settings(void)
{
	DefineCustomIntVariable("affinity.blas_threads",
							"Number of threads that OpenBLAS computes with, in each process.",
							"More than one is worth it only where no parallel workers are at work.",
							&affinity_base_blas_threads, 1, 1, 64,
							PGC_USERSET, 0, NULL, NULL, NULL);
	/* so that a misspelled setting is an error and not silence */
	MarkGUCPrefixReserved("affinity");
}
