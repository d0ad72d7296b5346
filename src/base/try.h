/*
 * try.h
 *		Parts that may fail.
 */
#ifndef AFFINITY_BASE_TRY_H
#define AFFINITY_BASE_TRY_H

#include "postgres.h"

extern ErrorData * affinity_base_try(void (*part) (void *arg), void *arg);
extern ErrorData * affinity_base_try_undone(void (*part) (void *arg),
											void *arg);

#endif							/* AFFINITY_BASE_TRY_H */
