/*
 * blas.c
 *		Loads OpenBLAS into the process that first needs it.
 *
 * A server process must not have threads of its own that handle its signals.
 * OpenBLAS starts its threads when it is loaded, when their number is raised,
 * and again after a fork, and threads inherit the mask of signals: so all
 * signals are blocked around loading and around every change of the number.
 * Nothing else in a server process can start one of them: the number that
 * OpenBLAS would choose by itself, that of the processors, is overruled by
 * its environment variable before. A build with OpenMP starts threads within
 * its calls, where no signal is blocked: that one computes with one thread.
 *
 * Once loaded it stays: its threads would not survive its code. A process in
 * which loading failed tries again the next time, so that it is enough to
 * install the package.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/blas.h"

#ifdef __APPLE__
#define LIBRARY "libopenblas.0.dylib"
#else
#define LIBRARY "libopenblas.so.0"
#endif

#define THREADS_VARIABLE "OPENBLAS_NUM_THREADS"

#define PTHREADS		1		/* of openblas_get_parallel() */
#define MOST_THREADS	64

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
static void (*set_threads) (int threads) = NULL;
static int	most_threads = 1;
static int	current_threads = 0;	/* 0: not loaded */
static char message[256];

/* Functions and data differ in C, not in POSIX. */
static void
put_symbol(void *where, void *address)
{
	memcpy(where, &address, sizeof(address));
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
	put_symbol(&get_parallel, parallel);
	if (get_parallel() == PTHREADS)
		most_threads = MOST_THREADS;
	loaded = found;
	return 1;
}

/*
 * dlopen with the number of threads in the environment, which is put back
 * afterwards: what the server starts later is not ours to configure.
 */
static int
load(int threads)
{
	char		number[16];
	char		kept[256];
	const char *old = getenv(THREADS_VARIABLE);
	void	   *library;
	const char *error;
	int			done;

	snprintf(kept, sizeof(kept), "%s", old ? old : "");
	snprintf(number, sizeof(number), "%d", threads);
	if (setenv(THREADS_VARIABLE, number, 1) != 0)
	{
		snprintf(message, sizeof(message), "out of memory");
		return 0;
	}
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	error = library ? NULL : dlerror();
	if (library == NULL)
		snprintf(message, sizeof(message), "%s", error ? error : LIBRARY);
	done = library != NULL && find_symbols(library);
	if (old)
		(void) setenv(THREADS_VARIABLE, kept, 1);
	else
		(void) unsetenv(THREADS_VARIABLE);
	return done;
}

/*
 * OpenBLAS's functions, computing with so many threads, the caller's being
 * one of them; NULL, and why in *error, where it cannot be had. To be called
 * again at the beginning of every piece of work: after a fork it is here that
 * threads begin anew.
 */
const AffinityBlas *
affinity_kernel_blas(int threads, const char **error)
{
	sigset_t	all;
	sigset_t	old;
	int			done = 1;

	*error = NULL;
	if (current_threads == 1 && (threads == 1 || most_threads == 1))
		return &loaded;
	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &old) != 0)
	{
		*error = "signals cannot be blocked";
		return NULL;
	}
	if (current_threads == 0)
		done = load(threads);
	if (done)
	{
		if (threads > most_threads)
			threads = most_threads;
		set_threads(threads);
		current_threads = threads;
	}
	(void) pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!done)
		*error = message;
	return done ? &loaded : NULL;
}
