/*
 * common.h
 *		What every room may use: versions, settings, argument checks, ids.
 */
#ifndef AFFINITY_COMMON_H
#define AFFINITY_COMMON_H

#include "postgres.h"

#include "fmgr.h"

#include "common/compat.h"

/* guc.c */
extern void affinity_define_gucs(void);

/* args.c */
extern void affinity_check_k(int32 k);

#endif							/* AFFINITY_COMMON_H */
