/*
 * library.h
 *		OpenBLAS as a file: which one it is, and what of it is used.
 */
#ifndef AFFINITY_BLAS_LIBRARY_H
#define AFFINITY_BLAS_LIBRARY_H

#include "blas/blas.h"

typedef struct AffinityBlasLibrary
{
	AffinityBlas functions;
	void		(*set_threads) (int threads);
	/* have each of its threads call a function; NULL: this build cannot */
	int			(*run_threads) (int threads, void *function, void *args,
								int stride);
	int			(*get_parallel) (void);
	const char *config;			/* what openblas_get_config() says */
} AffinityBlasLibrary;

extern AffinityBlasState affinity_blas_library_open(const char *name,
													AffinityBlasLibrary *library,
													char *message,
													size_t message_size);

#endif							/* AFFINITY_BLAS_LIBRARY_H */
