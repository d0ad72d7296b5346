/*
 * attribute.h
 *		What is known of items beside who had them: tags or embeddings, and
 *		which items are alike by these.
 */
#ifndef AFFINITY_ATTRIBUTE_H
#define AFFINITY_ATTRIBUTE_H

#include "interaction/interaction.h"

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

#endif							/* AFFINITY_ATTRIBUTE_H */
