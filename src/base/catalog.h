/*
 * catalog.h
 *		The extension in this database beside the library.
 */
#ifndef AFFINITY_BASE_CATALOG_H
#define AFFINITY_BASE_CATALOG_H

#include "postgres.h"

#include "access/attnum.h"

extern bool affinity_base_catalog_column(AttrNumber column, Datum *value);
extern const char *affinity_base_catalog_apart(void);
extern bool affinity_base_catalog_is_later(void);

#endif							/* AFFINITY_BASE_CATALOG_H */
