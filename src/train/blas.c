/*
 * blas.c
 *		OpenBLAS for the algorithms, or an error that says how to get it.
 *
 * Who calls it cuts the work into pieces of about 50 ms and looks at
 * interrupts in between: no signal is acted upon within a call of OpenBLAS.
 */
#include "postgres.h"

#include "train/train.h"

const AffinityBlas *
affinity_train_blas(void)
{
	const char *error;
	const AffinityBlas *blas = affinity_kernel_blas(affinity_base_blas_threads,
													&error);

	if (blas == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("could not load OpenBLAS: %s", error),
				 errhint("Install OpenBLAS on the server; on Debian and Ubuntu it is the package libopenblas0-pthread.")));
	return blas;
}
