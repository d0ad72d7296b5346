/*
 * try.c
 *		Parts that may fail.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base/try.h"

static ErrorData *
try_part(void (*part) (void *arg), void *arg, bool keep)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		part(arg);
		if (keep)
			ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	if (error == NULL && !keep)
		RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return (ErrorData *) error;
}

/*
 * Do a part, in a subtransaction of its own and in the current memory context.
 * NULL, or the error that it ended with: what it did is undone then, and the
 * subtransaction has ended, so that a caller who cannot go on from this error
 * throws it again (ReThrowError) without leaving one to whoever catches it.
 */
ErrorData *
affinity_base_try(void (*part) (void *arg), void *arg)
{
	return try_part(part, arg, true);
}

/*
 * The same, and what it did is undone also where it ends well: its locks are
 * given back.
 */
ErrorData *
affinity_base_try_undone(void (*part) (void *arg), void *arg)
{
	return try_part(part, arg, false);
}
