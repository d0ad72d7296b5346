/*
 * attribute.h
 *		What is known of items beside who had them: tags or embeddings, and
 *		which items are alike by these.
 */
#ifndef AFFINITY_ATTRIBUTE_H
#define AFFINITY_ATTRIBUTE_H

#include "train/train.h"

/*
 * Attributes of items, which are numbered in the order of their ids. They
 * have tags or embeddings, never both.
 */
typedef struct AffinityAttributes
{
	AffinityDict *items;		/* sorted; all have some */
	uint32		n;
	AffinityCsr by_item;		/* rows: items, columns: tags */
	AffinityCsr by_tag;
	uint32		width;			/* numbers of an embedding; 0: tags */
	float	   *vector;			/* n rows of them, of length 1, or all 0 */
} AffinityAttributes;

typedef struct AffinityAttributeRequest
{
	const char *query;			/* tag, item, weight 1; or item, array */
	Oid			item_type;		/* that ids have */
	Oid			array_type;		/* real[] or double precision[] of embeddings;
								 * InvalidOid: tags */
	bool		read_only;		/* use the caller's snapshot */
} AffinityAttributeRequest;

/* read.c */
extern const AffinityAttributes *affinity_attribute_read(const AffinityAttributeRequest *request);
extern uint32 affinity_attribute_items_had(const AffinityInteractions *in);

/* embedding.c */
extern void affinity_attribute_read_embeddings(const AffinityAttributeRequest *request,
											   AffinityAttributes *attributes);
extern bool affinity_attribute_unit(const double *value, uint32 n,
									float *unit);

/* alike.c: the items most like each, by their attributes */
typedef struct AffinityAlike
{
	uint32		n;				/* items, as a matrix numbers them */
	int64	   *start;			/* n + 1 */
	uint32	   *item;			/* ascending within a row */
	float	   *similarity;		/* above 0, up to 1 */
} AffinityAlike;

extern const AffinityAlike *affinity_attribute_alike(const AffinityInteractions *in,
													 uint32 k);

/* ---- what algorithms make of it ---------------------------------------- */

/* Of an algorithm that has "attributes" in its struct of options. */
typedef struct AffinityAttributeOptions
{
	double		attribute_weight;
	double		attribute_users;
	int32		attribute_neighbors;
} AffinityAttributeOptions;

#define AFFINITY_OPTION_ATTRIBUTE(options, name, type, start, min, max, values, help) \
	{#name, AFFINITY_OPTION_##type, offsetof(options, attributes.name), start, \
		min, max, values, help}

#define AFFINITY_OPTIONS_ATTRIBUTES(options) \
	AFFINITY_OPTION_ATTRIBUTE(options, attribute_weight, REAL, "1", 0, 1e6, NULL, \
		"with item_attributes: how much items alike by them count, compared with items alike by their users"), \
	AFFINITY_OPTION_ATTRIBUTE(options, attribute_users, REAL, "2", 0, 1e9, NULL, \
		"with item_attributes: users of an item for whom they stand; what more users than that say counts more"), \
	AFFINITY_OPTION_ATTRIBUTE(options, attribute_neighbors, INT, "50", 1, 1000, NULL, \
		"with item_attributes: items most like an item by them that are looked at")

/* blend.c: of algorithms that take them whatever their options */
extern bool affinity_attribute_always(const void *options);

/* factors.c: factors of both kinds */

/* Factors of an item at most. */
#define AFFINITY_MOST_FACTORS	512

extern void affinity_attribute_factors(const AffinityAlike *alike,
									   const AffinityAttributeOptions *o,
									   const float *users, const float *factor,
									   Size width, uint32 n, uint32 item,
									   float *blended);

/* blend.c: lists of neighbors of both kinds */
typedef void (*AffinityTrainLists) (AffinityInteractions *in,
									const void *options,
									AffinityItemSink *sink);

extern void affinity_attribute_blend(AffinityInteractions *in,
									 const AffinityAttributeOptions *o,
									 int32 neighbors, AffinityTrainLists train,
									 const void *options,
									 AffinityItemSink *sink);
extern double affinity_attribute_share(const AffinityAttributeOptions *o,
									   double users);

#endif							/* AFFINITY_ATTRIBUTE_H */
