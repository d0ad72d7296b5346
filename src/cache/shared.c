/*
 * shared.c
 *		Shared memory: asked for where the library is preloaded, and empty
 *		whenever the server starts, or starts again after a crash.
 *
 * The area of the images is taken once, as shared_buffers are: nothing has
 * to be mapped by a backend, no limit of the system for dynamic segments
 * matters, and what is freed is free at once, however many backends have read
 * it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"
#include "utils/guc.h"

#include "cache/shared.h"

#define MEGABYTE	((Size) 1024 * 1024)

CacheShared *affinity_cache_shared = NULL;

static int	cache_size = 128;	/* MB */
static shmem_request_hook_type previous_request = NULL;
static shmem_startup_hook_type previous_startup = NULL;

/* Images never move: the area begins where an image may. */
static Size
area_bytes(void)
{
	return cache_size * MEGABYTE;
}

static void
request(void)
{
	if (previous_request)
		previous_request();
	RequestAddinShmemSpace(add_size(MAXALIGN(sizeof(CacheShared)),
									add_size(area_bytes(),
											 AFFINITY_CACHE_ALIGN)));
	RequestNamedLWLockTranche("affinity", 2);
}

static void
start(void)
{
	bool		found;

	if (previous_startup)
		previous_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	affinity_cache_shared = ShmemInitStruct("affinity", sizeof(CacheShared),
											&found);
	if (!found)
	{
		CacheShared *s = affinity_cache_shared;
		LWLockPadded *lock = GetNamedLWLockTranche("affinity");
		char	   *area = area_bytes() == 0 ? NULL :
			ShmemInitStruct("affinity images",
							area_bytes() + AFFINITY_CACHE_ALIGN, &found);

		memset(s, 0, sizeof(CacheShared));
		s->lock = &lock[0].lock;
		s->counts_lock = &lock[1].lock;
		s->area_bytes = area_bytes();
		s->area = (char *) TYPEALIGN(AFFINITY_CACHE_ALIGN, area);
		ConditionVariableInit(&s->made);
		for (int i = 0; i < CACHE_SLOTS; i++)
		{
			pg_atomic_init_u32(&s->slot[i].pins, 0);
			pg_atomic_init_u32(&s->slot[i].backends, 0);
			pg_atomic_init_u64(&s->slot[i].hits, 0);
			pg_atomic_init_u64(&s->slot[i].last_used, 0);
		}
		for (int i = 0; i < CACHE_COUNTED; i++)
		{
			pg_atomic_init_u64(&s->counts[i].calls, 0);
			pg_atomic_init_u64(&s->counts[i].rows, 0);
			pg_atomic_init_u64(&s->counts[i].microseconds, 0);
			pg_atomic_init_u64(&s->counts[i].cold, 0);
			pg_atomic_init_u64(&s->counts[i].popular, 0);
		}
	}
	LWLockRelease(AddinShmemInitLock);
}

/*
 * When the library is loaded. A setting that only the start of a server takes
 * can only be made there.
 */
void
affinity_cache_init(void)
{
	bool		preloading = process_shared_preload_libraries_in_progress;

	DefineCustomIntVariable("affinity.cache_size",
							"Shared memory for images of models, which all connections serve from.",
							"Needs the library in shared_preload_libraries; 0: each connection keeps what it reads.",
							&cache_size, 128, 0, 1024 * 1024,
							preloading ? PGC_POSTMASTER : PGC_SIGHUP,
							GUC_UNIT_MB, NULL, NULL, NULL);
	if (!preloading)
		return;
	previous_request = shmem_request_hook;
	shmem_request_hook = request;
	previous_startup = shmem_startup_hook;
	shmem_startup_hook = start;
}

bool
affinity_cache_is_shared(void)
{
	return affinity_cache_shared != NULL && affinity_cache_allowed() > 0;
}

/*
 * The largest image that there can be.
 */
Size
affinity_cache_allowed(void)
{
	return affinity_cache_shared ? affinity_cache_shared->area_bytes : 0;
}
