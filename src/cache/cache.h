/*
 * cache.h
 *		What all backends of a server share: images of models, and counts of
 *		calls. There is something to share where the library is preloaded.
 *
 * An image is a block of bytes that never changes, under a key that is never
 * used for other bytes. One backend makes it, all read it:
 *
 *		switch (affinity_cache_find(&key, true, &pin))
 *		{
 *			case AFFINITY_CACHE_FOUND:
 *				... pin.image, until affinity_cache_unpin(&pin) ...
 *			case AFFINITY_CACHE_TO_MAKE:
 *				... area = affinity_cache_reserve(&pin, bytes) ...
 *				... fill it; affinity_cache_publish(&pin) ...
 *				... or, whatever happens: affinity_cache_unpin(&pin) ...
 *			case AFFINITY_CACHE_BUSY: somebody makes it
 *			case AFFINITY_CACHE_TOO_LARGE: it will not be there
 *			case AFFINITY_CACHE_NONE: nothing is shared, or all is in use
 *		}
 */
#ifndef AFFINITY_CACHE_H
#define AFFINITY_CACHE_H

#include "postgres.h"

/* Images begin at multiples of this. */
#define AFFINITY_CACHE_ALIGN	64

/*
 * A version of a model. Who wrote the row that says so is part of it, and
 * which table has the items: numbers of versions are never used again, unless
 * somebody writes them by hand.
 */
typedef struct AffinityCacheKey
{
	int64		version;
	Oid			database;
	Oid			model;			/* the table "model" */
	Oid			items;			/* the table "items" */
	Oid			items_file;
	TransactionId writer;		/* of the model's row */
} AffinityCacheKey;

typedef enum AffinityCacheState
{
	AFFINITY_CACHE_NONE,
	AFFINITY_CACHE_FOUND,
	AFFINITY_CACHE_TO_MAKE,
	AFFINITY_CACHE_BUSY,
	AFFINITY_CACHE_TOO_LARGE
} AffinityCacheState;

/* What a backend holds of an image; slot -1: nothing. */
typedef struct AffinityCachePin
{
	int			slot;
	bool		making;
	void	   *image;
	Size		bytes;
} AffinityCachePin;

/* shared.c */
extern void affinity_cache_init(void);
extern bool affinity_cache_is_shared(void);
extern Size affinity_cache_allowed(void);

/* images.c */
extern AffinityCacheState affinity_cache_find(const AffinityCacheKey *key,
											  bool make,
											  AffinityCachePin *pin);
extern AffinityCacheState affinity_cache_await(const AffinityCacheKey *key,
											   bool make,
											   AffinityCachePin *pin);
extern void *affinity_cache_reserve(AffinityCachePin *pin, Size bytes);
extern void affinity_cache_publish(AffinityCachePin *pin);
extern void affinity_cache_unpin(AffinityCachePin *pin);

/* calls.c: of the functions of a model */
typedef struct AffinityCacheCall
{
	uint64		rows;
	uint64		microseconds;
	bool		cold;			/* something of the model had to be read first */
	bool		popular;		/* nothing of the answer was personalized */
} AffinityCacheCall;

extern void affinity_cache_count(Oid model, const AffinityCacheCall *call);

#endif							/* AFFINITY_CACHE_H */
