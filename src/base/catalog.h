/*
 * catalog.h
 *		The extension in this database beside the library.
 */
#ifndef AFFINITY_BASE_CATALOG_H
#define AFFINITY_BASE_CATALOG_H

extern const char *affinity_base_catalog_apart(void);
extern bool affinity_base_catalog_is_later(void);

#endif							/* AFFINITY_BASE_CATALOG_H */
