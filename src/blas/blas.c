/*
 * blas.c
 *		Loads OpenBLAS into the process that first needs it.
 *
 * A server process must not have threads of its own that handle its signals.
 * OpenBLAS starts its threads when their number is raised, and again after a
 * fork, and threads inherit the mask of signals: so all signals are blocked
 * around loading and around every change of the number. Nothing else in a
 * server process can start one of them: the number that OpenBLAS would choose
 * by itself, that of the processors, is overruled by its environment variable
 * before. A build with OpenMP starts threads within its calls, where no
 * signal is blocked: that one computes with one thread.
 *
 * OpenBLAS cannot be refused memory: it asks again for ever for the buffer
 * that a call takes (128 MB on most processors, one for each thread, kept for
 * later calls), and waits for ever for threads that it could not start. So
 * what it is going to ask for is tried first (reserve.c), and then a thread
 * of ours makes it take all buffers and keep them, while the caller waits and
 * can go away: another process may have taken the memory in between, and a
 * build may have larger buffers than are known. Their size is measured then,
 * by the growth of the address space. Calls with all buffers in place take no
 * more memory, but with several threads they take some by malloc and end the
 * process where there is none: affinity_blas_scratch() asks before.
 *
 * Once loaded it stays: its threads would not survive its code. A process in
 * which loading failed tries again the next time, so that it is enough to
 * install the package.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blas/blas.h"
#include "blas/library.h"
#include "blas/reserve.h"

#define PTHREADS		1		/* of openblas_get_parallel() */
#define MOST_THREADS	64

/* What loading takes: the library and what it needs, 39 MB in Debian 12. */
#define LIBRARY_BYTES	((size_t) 48 << 20)

/* The largest buffer of a usual build, until the size has been measured. */
#define BUFFER_BYTES	((size_t) 128 << 20)
#define LEAST_BUFFER	((size_t) 1 << 20)

/* The stack of the thread that has the buffers taken. */
#define TAKER_STACK		((size_t) 1 << 20)

static AffinityBlasLibrary loaded;
static int	is_loaded = 0;
static int	most_threads = 1;
static int	current_threads = 1;	/* that it computes with */
static int	started_threads = 1;	/* the largest number so far */
static int	living_threads = 1; /* the caller's included; 1 after a fork */
static int	buffers = 0;		/* that it has taken */
static size_t buffer_bytes = BUFFER_BYTES;
static size_t scratch_bytes = 0;	/* taken by a call with several threads */
static char message[256];

/* The thread that has the buffers taken. */
static pthread_t taker;
static int	taker_runs;
static int	taking = 0;			/* for so many threads */
static int	taken;				/* done, atomically */
static size_t taken_bytes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int	met;				/* threads that have their buffers */

/*
 * Bytes that a call with several threads takes by malloc at most: a table of
 * all threads by all threads, of up to 32 words each.
 */
static size_t
scratch_of(const char *config)
{
	const char *most = strstr(config, "MAX_THREADS=");
	size_t		n = most ? strtoul(strchr(most, '=') + 1, NULL, 10) : 0;

	if (n == 0 || n > 1024)
		n = 128;
	return n * n * 32 * sizeof(long) + ((size_t) 1 << 16);
}

/* Before a fork OpenBLAS ends its threads. */
static void
forget_threads(void)
{
	living_threads = 1;
}

/*
 * The library's destructor waits for its threads, which may be waiting for
 * memory still: a process that ends then does so without destructors. Its
 * status is that of a session that ended by an error, as not every C library
 * tells what it was to be.
 */
static void
leave(void)
{
	if (taking > 0 && !__atomic_load_n(&taken, __ATOMIC_ACQUIRE))
		_exit(1);
}

static AffinityBlasState
load(const char *name)
{
	AffinityBlasLibrary found;
	AffinityBlasState state = affinity_blas_library_open(name, &found, message,
														 sizeof(message));

	if (state != AFFINITY_BLAS_READY)
		return state;
	if (found.get_parallel() == PTHREADS)
		most_threads = MOST_THREADS;
	if (atexit(leave) != 0 ||
		(most_threads > 1 && pthread_atfork(forget_threads, NULL, NULL) != 0))
		return AFFINITY_BLAS_NO_MEMORY;
	scratch_bytes = scratch_of(found.config);
	loaded = found;
	is_loaded = 1;
	return AFFINITY_BLAS_READY;
}

/* ---- buffers ----------------------------------------------------------- */

/*
 * Each of OpenBLAS's threads is here when it has its buffer, and stays until
 * all are: so none does two's work.
 */
static void
meet(void *unused)
{
	(void) unused;
	pthread_mutex_lock(&lock);
	met++;
	pthread_cond_broadcast(&changed);
	while (met < taking)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

/*
 * Have all buffers taken. A Cholesky factor takes one whatever its size;
 * products of small matrices may not.
 */
static void *
take(void *unused)
{
	const int	one = 1;
	double		a = 1;
	int			info;
	size_t		before = affinity_blas_address_space();
	size_t		after;

	(void) unused;
	/* the threads first: one might take the buffer that a call gave back */
	if (taking > 1 && loaded.run_threads)
		(void) loaded.run_threads(taking, (void *) (size_t) meet, NULL, 0);
	loaded.functions.dpotrf("U", &one, &a, &one, &info, 1);
	after = affinity_blas_address_space();
	taken_bytes = before > 0 && after > before ? after - before : 0;
	__atomic_store_n(&taken, 1, __ATOMIC_RELEASE);
	return NULL;
}

/*
 * Where no thread can be had, the one buffer of the caller itself is taken
 * here, having been there a moment ago.
 */
static AffinityBlasState
begin_taking(int threads)
{
	pthread_attr_t attributes;
	int			error;

	if (pthread_attr_init(&attributes) != 0)
		return AFFINITY_BLAS_NO_MEMORY;
	taking = threads;
	taken = 0;
	met = 0;
	error = pthread_attr_setstacksize(&attributes, TAKER_STACK);
	if (error == 0)
		error = pthread_create(&taker, &attributes, take, NULL);
	(void) pthread_attr_destroy(&attributes);
	taker_runs = error == 0;
	if (!taker_runs && threads == 1)
		(void) take(NULL);
	else if (!taker_runs)
	{
		taking = 0;
		return AFFINITY_BLAS_NO_THREADS;
	}
	return AFFINITY_BLAS_WAIT;
}

/*
 * Whether the thread that was begun is done.
 */
static int
end_taking(void)
{
	if (!__atomic_load_n(&taken, __ATOMIC_ACQUIRE))
		return 0;
	if (taker_runs)
		(void) pthread_join(taker, NULL);
	if (buffers == 0 && taken_bytes >= LEAST_BUFFER)
		buffer_bytes = taken_bytes;
	buffers = taking;
	taking = 0;
	return 1;
}

/* ---- the whole --------------------------------------------------------- */

static AffinityBlasState
try_out(size_t area, int areas, int threads, AffinityBlasAnswer *answer)
{
	answer->bytes = area * areas + affinity_blas_thread_bytes() * threads;
	answer->threads = threads;
	switch (affinity_blas_reserve(area, areas, threads))
	{
		case AFFINITY_RESERVE_DONE:
			return AFFINITY_BLAS_READY;
		case AFFINITY_RESERVE_NO_THREADS:
			return AFFINITY_BLAS_NO_THREADS;
		default:
			return AFFINITY_BLAS_NO_MEMORY;
	}
}

static AffinityBlasState
prepare(const char *name, int threads, AffinityBlasAnswer *answer)
{
	AffinityBlasState state = AFFINITY_BLAS_READY;
	int			wanted;

	if (!is_loaded)
	{
		state = try_out(LIBRARY_BYTES + buffer_bytes, 1, 0, answer);
		if (state == AFFINITY_BLAS_READY)
			state = load(name);
		if (state == AFFINITY_BLAS_MISSING || message[0])
			answer->message = message;
		if (state != AFFINITY_BLAS_READY)
			return state;
	}
	if (buffers == 0)
	{
		state = try_out(buffer_bytes, 1, 0, answer);
		return state == AFFINITY_BLAS_READY ? begin_taking(1) : state;
	}
	if (threads > most_threads)
		threads = most_threads;
	if (threads == current_threads && threads <= living_threads &&
		threads <= buffers)
		return AFFINITY_BLAS_READY;
	/* those that there were once are there again after a fork */
	wanted = threads > started_threads ? threads : started_threads;
	if (wanted > buffers || wanted > living_threads)
		state = try_out(buffer_bytes, wanted - buffers,
						wanted - living_threads + 1, answer);
	if (state != AFFINITY_BLAS_READY)
		return state;
	loaded.set_threads(threads);
	current_threads = threads;
	started_threads = living_threads = wanted;
	return wanted > buffers ? begin_taking(wanted) : AFFINITY_BLAS_READY;
}

/*
 * OpenBLAS's functions, computing with so many threads, the caller's being
 * one of them; or why not. name is that of its file, "" of the usual ones, and
 * is looked at until one is loaded. To be called again at the beginning of every piece
 * of work, as after a fork it is here that threads begin anew, and while the
 * answer is to wait: a thread of ours may then be waiting for memory, so the
 * caller has to be able to go away. It takes no harm from that.
 */
AffinityBlasState
affinity_blas_functions(const char *name, int threads,
						AffinityBlasAnswer *answer)
{
	sigset_t	all;
	sigset_t	old;
	AffinityBlasState state;

	memset(answer, 0, sizeof(*answer));
	if (taking > 0 && !end_taking())
	{
		answer->bytes = buffer_bytes * (taking - buffers);
		answer->threads = taking;
		return AFFINITY_BLAS_WAIT;
	}
	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &old) != 0)
	{
		answer->message = "signals cannot be blocked";
		return AFFINITY_BLAS_MISSING;
	}
	message[0] = '\0';
	state = prepare(name, threads, answer);
	(void) pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (state == AFFINITY_BLAS_READY)
		answer->blas = &loaded.functions;
	return state;
}

/*
 * To be asked before every call: 0, or how many bytes of memory the call may
 * take and are not there.
 */
size_t
affinity_blas_scratch(void)
{
	void	   *volatile memory;

	if (current_threads == 1)
		return 0;
	memory = malloc(scratch_bytes);
	if (memory == NULL)
		return scratch_bytes;
	free(memory);
	return 0;
}
