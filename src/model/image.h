/*
 * image.h
 *		All that serving reads of a model's tables, as one block of bytes that
 *		all backends share; private to the room.
 *
 * It has no pointers, and never changes. What is in it was checked when it
 * was made.
 */
#ifndef AFFINITY_MODEL_IMAGE_H
#define AFFINITY_MODEL_IMAGE_H

#include "model/catalog.h"

#define IMAGE_MAGIC		0x41464649
#define IMAGE_FORM		2

/* A list takes so much for each entry, and begins where its first one says. */
#define IMAGE_ENTRY		(sizeof(int32) + sizeof(float))

/*
 * Its beginning. Offsets are from there, multiples of 64; 0: there is no such
 * part.
 */
typedef struct ImageHeader
{
	uint32		magic;
	uint32		form;
	int64		version;		/* of the model */
	Size		bytes;
	uint32		n_items;
	uint32		n_kinds;
	uint32		n_sorted;		/* items in order of their ids */
	Size		ids;			/* Datum of each item, or, where they are
								 * pointers, offsets of what they point to */
	Size		id_bytes;		/* of these: where the first one is */
	Size		appended;		/* numbers of the others, in order of ids */
	Size		popularity;		/* by number */
	Size		popular;		/* numbers, most popular first */
	Size		rates;			/* of repeats, by number */

	/* lists, of each kind of event and item: neighbors, and then scores */
	Size		places;
	Size		lists;
	Size		n_entries;

	/* factors */
	Size		factors;
	uint32		width;
	uint32		n_parameters;
	Size		parameters;
	Size		scan;
} ImageHeader;

/* The same as a backend reads it. */
struct AffinityImage
{
	const ImageHeader *header;
	bool		by_value;		/* ids are */
	const Datum *id;
	const char *base;			/* of offsets */
	const uint32 *appended;
	const float *popularity;
	const uint32 *popular;
	const float *rate;			/* NULL: it has none, or some are not known */
	const AffinityListPlace *place; /* of lists; NULL: it has factors */
	const char *lists;
	AffinityFactors factors;
};

/* image_make.c */
extern bool affinity_model_image_make(const AffinityModel *model,
									  AffinityCachePin *pin);

/* factors.c */
extern const float *affinity_model_reals(const AffinityModel *model,
										 ArrayType *array, uint32 *n);

#endif							/* AFFINITY_MODEL_IMAGE_H */
