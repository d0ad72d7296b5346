/*
 * objects.h
 *		Between the files that compare, drop and make objects of a model;
 *		private to the room.
 */
#ifndef AFFINITY_MANAGE_OBJECTS_H
#define AFFINITY_MANAGE_OBJECTS_H

#include "base/locks.h"
#include "manage/manage.h"

typedef enum ObjectAction
{
	OBJECT_KEEP,
	OBJECT_MAKE,
	OBJECT_REPLACE,				/* CREATE OR REPLACE */
	OBJECT_REMAKE				/* drop, and make */
} ObjectAction;

typedef struct ModelObject
{
	const ModelStatement *statement;	/* its CREATE */
	ObjectAction action;
	Oid			id;				/* of what is there: relation, type, function */
	bool		made;
	bool		serves;			/* to be remade, but serving can do with it */
} ModelObject;

/* keep.c */
extern void affinity_manage_keep_changed(const ModelChange *change,
										 const ModelObject *object, int n,
										 bool trained, bool has_row);
extern void affinity_manage_forget_groups(const ModelChange *change,
										  const ModelObject *object, int n);

/* objects.c */
extern const ModelStatement *affinity_manage_statement(const char *object);
extern ModelObject *affinity_manage_compare(const ModelNames *names, Oid schema,
											bool old_version, bool new_view,
											int *n);
extern bool affinity_manage_has_indexes(Oid items);
extern void affinity_manage_add_indexes(Oid items, const ModelNames *names);
extern List *affinity_manage_grants(const AffinityModelObjects *objects);
extern void affinity_manage_grant(List *grants, const ModelStatement *object,
								  const ModelNames *names);

/* length.c */
extern void affinity_manage_keep_length(const char *name, Oid schema);

/* dependents.c */
extern char *affinity_manage_dependents(const AffinityModelObjects *drop,
										const AffinityModelObjects *replace);
extern void affinity_manage_check_dependents(const char *name,
											 const AffinityModelObjects *drop,
											 const AffinityModelObjects *replace);
extern void affinity_manage_lock_to_change(const char *name, Oid schema,
										   Oid table,
										   const AffinityModelObjects *drop,
										   const AffinityModelObjects *replace);

/* drop.c */
extern void affinity_manage_drop_objects(const AffinityModelObjects *objects,
										 bool cascade);

#endif							/* AFFINITY_MANAGE_OBJECTS_H */
