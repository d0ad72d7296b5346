/*
 * merge.c
 *		Two flat activity states, side by side, into a new flat one.
 *
 * Both have their users in the order of (tag, key), so the union is found as
 * in a merge sort, without a table of users: one pass says of which state
 * each user of the union is and how large the parts will be, a second one
 * writes them. States of bitmaps only: the periods of a user are the words of
 * both, or-ed. The layout is chosen by the rule of shape.c, so the result
 * is byte for byte what one aggregate over all rows gives.
 *
 * Beside the result it takes a byte for each user of both states. Everything
 * is in the caller's memory context.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "activity/flat.h"

/* Between two looks at interrupts are 512 users, or fewer of wide bitmaps. */
#define USER_WORK (65536 / 512)

/* Of which states a user of the union is: flags. */
#define OF_A 1
#define OF_B 2

/* A state being read, at its next user. */
typedef struct MergeSide
{
	const ActivityView *view;
	uint32		n_users;
	uint32		user;
	uint32		tag;
	ActivityKey key;
} MergeSide;

/* Where the next user of the union goes. */
typedef struct MergeWriter
{
	ActivityLayout layout;
	uint32		first_word;		/* of the result's bitmaps */
	uint32		n_words;		/* of each, where they are of one width */
	uint32		n_users;		/* written so far */
	uint32		n_body;			/* words written so far */
	uint32		text_len;
	ActivityParts to;
} MergeWriter;

/* Read the key of the user that the side is at, if there is one. */
static inline void
read_side(MergeSide *side, AffinityIdKind ids)
{
	if (side->user == side->n_users)
		return;
	affinity_activity_view_key_of(side->view, ids, side->user, &side->key);
	side->tag = affinity_activity_key_tag(ids, &side->key, side->view->text);
}

static inline void
open_side(MergeSide *side, AffinityIdKind ids, const ActivityView *view)
{
	side->view = view;
	side->n_users = view->flat->n_users;
	side->user = 0;
	read_side(side, ids);
}

/*
 * Of which side the next user of the union is; one of them has a user left.
 */
static inline uint8
next_origin(const MergeSide *a, const MergeSide *b, AffinityIdKind ids)
{
	int			order;

	if (a->user == a->n_users)
		return OF_B;
	if (b->user == b->n_users)
		return OF_A;
	if (a->tag != b->tag)
		return a->tag < b->tag ? OF_A : OF_B;
	/* most likely the same user */
	if (ids == AFFINITY_ID_INT && a->key.number == b->key.number)
		return OF_A | OF_B;
	order = affinity_activity_key_compare(ids, &a->key, a->view->text,
										  &b->key, b->view->text);
	if (order != 0)
		return order < 0 ? OF_A : OF_B;
	return OF_A | OF_B;
}

/* A user's bitmap without zeros at its ends. */
static inline void
trimmed_bits(const ActivityView *view, uint32 user, ActivityBits *bits)
{
	uint32		first;
	uint32		end;

	affinity_activity_view_bits(view, user, bits);
	if (view->first_words)
		return;
	affinity_activity_trim_words(bits->words, bits->n_words, &first, &end);
	bits->words += first;
	bits->first_word += first;
	bits->n_words = end - first;
}

/* The first word of two bitmaps, and the end of the last one. */
static inline void
span_of(const ActivityBits *a, const ActivityBits *b, uint32 *first,
		uint32 *end)
{
	*first = Min(a->first_word, b->first_word);
	*end = Max(a->first_word + a->n_words, b->first_word + b->n_words);
}

/* How many periods two bitmaps have in common. */
static inline uint64
common_periods(const ActivityBits *a, const ActivityBits *b)
{
	uint32		first = Max(a->first_word, b->first_word);
	uint32		end = Min(a->first_word + a->n_words,
						  b->first_word + b->n_words);
	uint64		n = 0;

	for (uint32 w = first; w < end; w++)
	{
		uint64		both = a->words[w - a->first_word] &
			b->words[w - b->first_word];

		if (both != 0)
			n += pg_popcount64(both);
	}
	return n;
}

/*
 * Find the users of the union: for each a byte, of which states it is. The
 * shape gets their number, words, periods and bytes of text. Compiled once
 * for each type of ids.
 */
static pg_attribute_always_inline void
find_union(const ActivityView *a, const ActivityView *b, AffinityIdKind ids,
		   uint8 *origin, ActivityShape *shape)
{
	uint32		n = 0;
	uint64		work = 0;
	MergeSide	left;
	MergeSide	right;

	open_side(&left, ids, a);
	open_side(&right, ids, b);
	for (; left.user < left.n_users || right.user < right.n_users; n++)
	{
		ActivityBits bits = {0};
		ActivityBits theirs = {0};
		uint8		of = next_origin(&left, &right, ids);

		origin[n] = of;
		if (ids == AFFINITY_ID_TEXT)
			shape->text_len += (of & OF_A) ? left.key.text.len
				: right.key.text.len;
		if (of & OF_A)
			trimmed_bits(a, left.user++, &bits);
		if (of & OF_B)
			trimmed_bits(b, right.user++, &theirs);
		if (of == (OF_A | OF_B))
		{
			uint32		first;
			uint32		end;

			span_of(&bits, &theirs, &first, &end);
			shape->n_words += end - first;
			shape->n_entries -= common_periods(&bits, &theirs);
		}
		else
			shape->n_words += bits.n_words + theirs.n_words;
		affinity_base_look_after(&work, USER_WORK + bits.n_words +
								 theirs.n_words);
		if (of & OF_A)
			read_side(&left, ids);
		if (of & OF_B)
			read_side(&right, ids);
	}
	shape->n_users = n;
}

/* Add a bitmap to one that begins at a given word. */
static inline void
or_bits(uint64 *out, uint32 first_word, const ActivityBits *bits)
{
	out += bits->first_word - first_word;
	for (uint32 w = 0; w < bits->n_words; w++)
		out[w] |= bits->words[w];
}

static inline void
write_key(MergeWriter *w, AffinityIdKind ids, const ActivityView *view,
		  uint32 user)
{
	ActivityKey key;

	affinity_activity_view_key_of(view, ids, user, &key);
	if (ids == AFFINITY_ID_INT)
		memcpy(w->to.ids + (Size) w->n_users * 8, &key.number, 8);
	else if (ids == AFFINITY_ID_UUID)
		memcpy(w->to.ids + (Size) w->n_users * 16, key.uuid, 16);
	else
	{
		w->to.text_offsets[w->n_users] = w->text_len;
		memcpy(w->to.text + w->text_len, view->text + key.text.offset,
			   key.text.len);
		w->text_len += key.text.len;
	}
}

/* Write the bitmap of one state's user, or of two; the space is zeros. */
static inline void
write_bits(MergeWriter *w, const ActivityBits *bits,
		   const ActivityBits *theirs)
{
	uint32		first = w->first_word;
	uint64	   *out;

	if (w->layout == LAYOUT_DENSE)
		out = w->to.words + (Size) w->n_users * w->n_words;
	else
	{
		uint32		end = bits->first_word + bits->n_words;

		first = bits->first_word;
		if (theirs != NULL)
			span_of(bits, theirs, &first, &end);
		out = w->to.words + w->n_body;
		w->to.offsets[w->n_users] = w->n_body;
		w->to.first_words[w->n_users] = first - w->first_word;
		w->n_body += end - first;
	}
	or_bits(out, first, bits);
	if (theirs != NULL)
		or_bits(out, first, theirs);
}

/* Write the users of the union; their parts are zeros. Compiled as above. */
static pg_attribute_always_inline void
write_union(MergeWriter *w, AffinityIdKind ids, const ActivityView *a,
			const ActivityView *b, const uint8 *origin, uint32 n_users)
{
	uint32		left = 0;
	uint32		right = 0;
	uint64		work = 0;

	for (w->n_users = 0; w->n_users < n_users; w->n_users++)
	{
		uint8		of = origin[w->n_users];
		ActivityBits bits;
		ActivityBits theirs;

		if (of & OF_A)
		{
			write_key(w, ids, a, left);
			trimmed_bits(a, left++, &bits);
		}
		else
		{
			write_key(w, ids, b, right);
			trimmed_bits(b, right++, &bits);
		}
		if (of == (OF_A | OF_B))
			trimmed_bits(b, right++, &theirs);
		affinity_base_look_after(&work, USER_WORK + bits.n_words);
		write_bits(w, &bits, of == (OF_A | OF_B) ? &theirs : NULL);
	}
	if (w->to.text_offsets)
		w->to.text_offsets[n_users] = w->text_len;
	if (w->to.offsets)
		w->to.offsets[n_users] = w->n_body;
}

/* The flat state of the union whose shape was found. */
static ActivityFlat *
write_flat(const ActivityKind *kind, const ActivityShape *shape,
		   const ActivityView *a, const ActivityView *b, const uint8 *origin)
{
	Size		size = affinity_activity_shape_size(kind, shape);
	ActivityFlat *flat = affinity_base_alloc_large(CurrentMemoryContext, size);
	MergeWriter w = {0};

	affinity_activity_shape_begin(kind, shape, flat, size, &w.to);
	w.layout = shape->layout;
	w.first_word = shape->first_period >> 6;
	w.n_words = (shape->last_period >> 6) - w.first_word + 1;
	if (kind->ids == AFFINITY_ID_INT)
		write_union(&w, AFFINITY_ID_INT, a, b, origin, shape->n_users);
	else if (kind->ids == AFFINITY_ID_UUID)
		write_union(&w, AFFINITY_ID_UUID, a, b, origin, shape->n_users);
	else
		write_union(&w, AFFINITY_ID_TEXT, a, b, origin, shape->n_users);
	return flat;
}

/*
 * The union of two states, of the kind that both come to; NULL where one of them is not of
 * bitmaps, or the union should not be.
 */
ActivityFlat *
affinity_activity_flat_merge(const ActivityView *a, const ActivityView *b,
							 const ActivityKind *kind)
{
	ActivityShape shape = {0};
	ActivityFlat *flat = NULL;
	uint8	   *origin;

	if (a->words == NULL || b->words == NULL)
		return NULL;
	shape.first_period = Min(a->flat->first_period, b->flat->first_period);
	shape.last_period = Max(a->flat->last_period, b->flat->last_period);
	shape.first_at = Min(a->flat->first_at, b->flat->first_at);
	shape.last_at = Max(a->flat->last_at, b->flat->last_at);
	/* those in common come off */
	shape.n_entries = a->flat->n_entries + b->flat->n_entries;
	origin = MemoryContextAllocHuge(CurrentMemoryContext,
									(Size) a->flat->n_users +
									b->flat->n_users);
	if (kind->ids == AFFINITY_ID_INT)
		find_union(a, b, AFFINITY_ID_INT, origin, &shape);
	else if (kind->ids == AFFINITY_ID_UUID)
		find_union(a, b, AFFINITY_ID_UUID, origin, &shape);
	else
		find_union(a, b, AFFINITY_ID_TEXT, origin, &shape);
	shape.layout = affinity_activity_layout(&shape);
	if (shape.layout != LAYOUT_PAIRS)
		flat = write_flat(kind, &shape, a, b, origin);
	pfree(origin);
	return flat;
}
