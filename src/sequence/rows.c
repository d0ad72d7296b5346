/*
 * rows.c
 *		Room in a state that is a varlena and keeps rows with their texts.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "sequence/sequence.h"

/*
 * The state itself if it has room for so many more bytes behind those in use,
 * else a larger copy.
 */
void *
affinity_sequence_grow(void *state, Size used, Size bytes)
{
	Size		needed = used + bytes;

	if (needed <= VARSIZE(state))
		return state;
	if (needed > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the state of this sequence needs %zu bytes, but a "
						"value holds at most %zu",
						needed, (Size) MaxAllocSize),
				 errhint("Leave out rows that cannot matter, or use shorter "
						 "values.")));
	return affinity_eventlog_enlarge(state, used, needed);
}
