/*
 * read.c
 *		Attributes of items, from the rows of a query.
 *
 * Tags are read as interactions are, with tags in the place of users: ids,
 * duplicates, memory and both orientations are the same work.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "attribute/attribute.h"

static void
read_tags(const AffinityAttributeRequest *request,
		  AffinityAttributes *attributes)
{
	AffinityReadRequest tags = {0};
	AffinityInteractions *in;

	tags.query = request->query;
	tags.item_type = request->item_type;
	tags.read_only = request->read_only;
	tags.max_bytes = (int64) affinity_base_memory_allowed();
	in = affinity_interaction_read(&tags);
	attributes->items = in->items;
	attributes->n = in->by_item.n_rows;
	attributes->by_item = in->by_item;
	attributes->by_tag = in->by_user;
	/* a pair that comes twice counts once */
	attributes->by_item.val = attributes->by_tag.val = NULL;
}

/*
 * Read them in the current memory context; the caller is connected to SPI.
 */
const AffinityAttributes *
affinity_attribute_read(const AffinityAttributeRequest *request)
{
	AffinityAttributes *attributes = palloc0(sizeof(AffinityAttributes));

	if (OidIsValid(request->array_type))
		affinity_attribute_read_embeddings(request, attributes);
	else
		read_tags(request, attributes);
	return attributes;
}
