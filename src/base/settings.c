/*
 * settings.c
 *		Settings of the extension. All names start with "affinity.".
 */
#include "postgres.h"

#include "utils/guc.h"

#include "base/base.h"

int			affinity_base_blas_threads = 1;
char	   *affinity_base_blas_library = "";

void
affinity_base_define_settings(void)
{
	DefineCustomIntVariable("affinity.blas_threads",
							"Number of threads that OpenBLAS computes with, in each process.",
							"More than one is worth it only where no parallel workers are at work.",
							&affinity_base_blas_threads, 1, 1, 64,
							PGC_USERSET, 0, NULL, NULL, NULL);
	/* what is loaded may do what the server may: not for ordinary users */
	DefineCustomStringVariable("affinity.blas_library",
							   "File of OpenBLAS, by name or path; empty: the usual names are tried.",
							   "A process that has loaded one keeps it.",
							   &affinity_base_blas_library, "",
							   PGC_SUSET, 0, NULL, NULL, NULL);
	/* so that a misspelled setting is an error and not silence */
	MarkGUCPrefixReserved("affinity");
}
