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
 * process where there is none: affinity_kernel_blas_scratch() asks before.
 *
 * Once loaded it stays: its threads would not survive its code. A process in
 * which loading failed tries again the next time, so that it is enough to
 * install the package.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/blas.h"
#include "kernel/reserve.h"

#ifdef __APPLE__
#define LIBRARY "libopenblas.0.dylib"
#else
#define LIBRARY "libopenblas.so.0"
#endif

#define THREADS_VARIABLE "OPENBLAS_NUM_THREADS"

#define PTHREADS		1		/* of openblas_get_parallel() */
#define MOST_THREADS	64

/* What loading takes: the library and what it needs, 39 MB in Debian 12. */
#define LIBRARY_BYTES	((size_t) 48 << 20)

/* The largest buffer of a usual build, until the size has been measured. */
#define BUFFER_BYTES	((size_t) 128 << 20)
#define LEAST_BUFFER	((size_t) 1 << 20)

/* The stack of the thread that has the buffers taken. */
#define TAKER_STACK		((size_t) 1 << 20)

typedef struct Symbol
{
	const char *name;
	size_t		offset;			/* in AffinityBlas */
} Symbol;

#define CBLAS(name)		{"cblas_" #name, offsetof(AffinityBlas, name)}
#define LAPACK(name)	{#name "_", offsetof(AffinityBlas, name)}

static const Symbol symbols[] = {
	CBLAS(sgemm), CBLAS(dgemm),
	CBLAS(ssyrk), CBLAS(dsyrk),
	CBLAS(strsm), CBLAS(dtrsm),
	LAPACK(spotrf), LAPACK(dpotrf),
	LAPACK(spotri), LAPACK(dpotri),
	LAPACK(spotrs), LAPACK(dpotrs),
};

static AffinityBlas loaded;
static int	is_loaded = 0;
static void (*set_threads) (int threads) = NULL;
static int	(*run_threads) (int threads, void *function, void *args,
							int stride) = NULL;
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

/* Functions and data differ in C, not in POSIX. */
static void
put_symbol(void *where, void *address)
{
	memcpy(where, &address, sizeof(address));
}

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

/*
 * All symbols, or none and a message.
 */
static int
find_symbols(void *library)
{
	AffinityBlas found;
	void	   *threads = dlsym(library, "openblas_set_num_threads");
	void	   *parallel = dlsym(library, "openblas_get_parallel");
	void	   *config = dlsym(library, "openblas_get_config");
	int			(*get_parallel) (void);
	char	   *(*get_config) (void);
	const char *missing = threads == NULL ? "openblas_set_num_threads" :
		parallel == NULL ? "openblas_get_parallel" :
		config == NULL ? "openblas_get_config" : NULL;

	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
	{
		void	   *address = dlsym(library, symbols[i].name);

		if (address == NULL && missing == NULL)
			missing = symbols[i].name;
		put_symbol((char *) &found + symbols[i].offset, address);
	}
	if (missing)
	{
		snprintf(message, sizeof(message), "%s has no function %s", LIBRARY,
				 missing);
		return 0;
	}
	put_symbol(&get_config, config);
	if (strstr(get_config(), "USE64BITINT"))
	{
		snprintf(message, sizeof(message),
				 "%s is built for integers of 64 bits", LIBRARY);
		return 0;
	}
	put_symbol(&set_threads, threads);
	put_symbol(&run_threads, dlsym(library, "gotoblas_pthread"));
	put_symbol(&get_parallel, parallel);
	if (get_parallel() == PTHREADS)
		most_threads = MOST_THREADS;
	scratch_bytes = scratch_of(get_config());
	loaded = found;
	return 1;
}

/* Before a fork OpenBLAS ends its threads. */
static void
forget_threads(void)
{
	living_threads = 1;
}

/*
 * The library's destructor waits for its threads, which may be waiting for
 * memory still: a process that ends then does so without destructors.
 */
static void
leave(int status, void *unused)
{
	(void) unused;
	if (taking > 0 && !__atomic_load_n(&taken, __ATOMIC_ACQUIRE))
		_exit(status);
}

/*
 * dlopen with one thread in the environment, which is put back afterwards:
 * what the server starts later is not ours to configure.
 */
static AffinityBlasState
load(void)
{
	char		kept[256];
	const char *old = getenv(THREADS_VARIABLE);
	const char *no_memory = strerror(ENOMEM);
	void	   *library;

	snprintf(kept, sizeof(kept), "%s", old ? old : "");
	if (setenv(THREADS_VARIABLE, "1", 1) != 0)
		return AFFINITY_BLAS_NO_MEMORY;
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
	{
		const char *error = dlerror();

		snprintf(message, sizeof(message), "%s", error ? error : LIBRARY);
	}
	if (old)
		(void) setenv(THREADS_VARIABLE, kept, 1);
	else
		(void) unsetenv(THREADS_VARIABLE);
	if (library == NULL)
		return strstr(message, no_memory) || strstr(message, "map segment") ?
			AFFINITY_BLAS_NO_MEMORY : AFFINITY_BLAS_MISSING;
	if (!find_symbols(library))
		return AFFINITY_BLAS_MISSING;
	if (most_threads > 1 && pthread_atfork(forget_threads, NULL, NULL) != 0)
		return AFFINITY_BLAS_NO_MEMORY;
#ifdef __GLIBC__
	(void) on_exit(leave, NULL);
#endif
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
	size_t		before = affinity_kernel_address_space();
	size_t		after;

	(void) unused;
	/* the threads first: one might take the buffer that a call gave back */
	if (taking > 1 && run_threads)
		(void) run_threads(taking, (void *) (size_t) meet, NULL, 0);
	loaded.dpotrf("U", &one, &a, &one, &info, 1);
	after = affinity_kernel_address_space();
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
	answer->bytes = area * areas + affinity_kernel_thread_bytes() * threads;
	answer->threads = threads;
	switch (affinity_kernel_reserve(area, areas, threads))
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
prepare(int threads, AffinityBlasAnswer *answer)
{
	AffinityBlasState state = AFFINITY_BLAS_READY;
	int			wanted;

	if (!is_loaded)
	{
		state = try_out(LIBRARY_BYTES + buffer_bytes, 1, 0, answer);
		if (state == AFFINITY_BLAS_READY)
			state = load();
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
	set_threads(threads);
	current_threads = threads;
	started_threads = living_threads = wanted;
	return wanted > buffers ? begin_taking(wanted) : AFFINITY_BLAS_READY;
}

/*
 * OpenBLAS's functions, computing with so many threads, the caller's being
 * one of them; or why not. To be called again at the beginning of every piece
 * of work, as after a fork it is here that threads begin anew, and while the
 * answer is to wait: a thread of ours may then be waiting for memory, so the
 * caller has to be able to go away. It takes no harm from that.
 */
AffinityBlasState
affinity_kernel_blas(int threads, AffinityBlasAnswer *answer)
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
	state = prepare(threads, answer);
	(void) pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (state == AFFINITY_BLAS_READY)
		answer->blas = &loaded;
	return state;
}

/*
 * To be asked before every call: 0, or how many bytes of memory the call may
 * take and are not there.
 */
size_t
affinity_kernel_blas_scratch(void)
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
