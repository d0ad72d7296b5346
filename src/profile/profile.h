/*
 * profile.h
 *		The state of type contrast: how often each value is inside of a segment
 *		and outside.
 */
#ifndef AFFINITY_PROFILE_PROFILE_H
#define AFFINITY_PROFILE_PROFILE_H

#include "postgres.h"

#include "fmgr.h"

#include "base/base.h"

/* A value: where its bytes are, and how many rows have it. */
typedef struct ContrastEntry
{
	int64		inside;
	int64		outside;
	uint32		offset;			/* in the bytes of all values */
	uint32		len;
} ContrastEntry;

/*
 * A state. At rest its values are in order of their bytes, none twice, and
 * there is no room: equal contents are equal bytes. Under an aggregate it is
 * growing: values are in the order in which they came, with a hash table.
 */
typedef struct ContrastState
{
	int32		vl_len_;		/* varlena header */
	uint32		magic;			/* CONTRAST_MAGIC */
	uint32		version;		/* CONTRAST_VERSION */
	uint32		n;				/* values */
	uint32		n_slots;		/* a power of 2 more than n; 0: at rest */
	uint32		bytes_used;		/* of the values */
	uint32		bytes_room;
	uint32		unused;			/* 0 */
	char		data[FLEXIBLE_ARRAY_MEMBER];	/* slots: uint32 each, number
												 * of a value + 1; then
												 * entries: n, or n_slots / 2
												 * while growing; then bytes */
} ContrastState;

#define CONTRAST_MAGIC 0x41464354
#define CONTRAST_VERSION 1
#define CONTRAST_HEADER offsetof(ContrastState, data)

static inline uint32 *
affinity_profile_slots(const ContrastState *state)
{
	return (uint32 *) state->data;
}

static inline ContrastEntry *
affinity_profile_entries(const ContrastState *state)
{
	return (ContrastEntry *) (state->data + sizeof(uint32) * state->n_slots);
}

/* How many entries there is room for. */
static inline uint32
affinity_profile_room(const ContrastState *state)
{
	return state->n_slots > 0 ? state->n_slots / 2 : state->n;
}

static inline char *
affinity_profile_bytes(const ContrastState *state)
{
	return (char *) (affinity_profile_entries(state) +
					 affinity_profile_room(state));
}

/* state.c */
extern ContrastState *affinity_profile_state_new(void);
extern ContrastState *affinity_profile_state_of(Datum value);
extern ContrastState *affinity_profile_state_add(ContrastState *state,
												 const char *value, uint32 len,
												 int64 inside, int64 outside);
extern ContrastState *affinity_profile_state_final(const ContrastState *state);
extern ContrastState *affinity_profile_arg(FunctionCallInfo fcinfo, int arg);
extern const char *affinity_profile_state_check(const ContrastState *state);

#endif							/* AFFINITY_PROFILE_PROFILE_H */
