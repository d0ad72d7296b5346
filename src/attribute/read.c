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

/*
 * Items of a matrix, but those that attributes alone know: what defaults follow
 * from, so that new items leave a model of the others as it is.
 */
uint32
affinity_attribute_items_had(const AffinityInteractions *in)
{
	uint32		n = 0;

	if (in->attributes == NULL)
		return in->n_items;
	for (uint32 i = 0; i < in->n_items; i++)
	{
		affinity_base_look_up(i);
		n += in->by_item.start[i + 1] > in->by_item.start[i];
	}
	return Max(n, 1);
}
