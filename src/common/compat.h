/*
 * compat.h
 *		The only place that knows about PostgreSQL versions (15 to 18).
 */
#ifndef AFFINITY_COMMON_COMPAT_H
#define AFFINITY_COMMON_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "affinity needs PostgreSQL 15 or later"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#endif							/* AFFINITY_COMMON_COMPAT_H */
