/*
 * library.c
 *		Finds OpenBLAS and opens it.
 *
 * Distributions name it differently, and a file of the right name may be the
 * wrong thing: another version's, one whose integers have 64 bits (ILP64),
 * which reads numbers where none are, or a stub. So a name that is there but
 * does not fit is passed over as one that is missing is.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blas/library.h"

#define THREADS_VARIABLE "OPENBLAS_NUM_THREADS"

/*
 * Folders of Homebrew are named, as no linker looks there. On Linux it has
 * one too, which an ordinary user owns: code is not taken from there unasked.
 */
const char *const affinity_blas_usual_names[] = {
#ifdef __APPLE__
	"/opt/homebrew/opt/openblas/lib/libopenblas.0.dylib",
	"/usr/local/opt/openblas/lib/libopenblas.0.dylib",
	"libopenblas.0.dylib",
#else
	"libopenblas.so.0",			/* Debian, Ubuntu, SUSE; Fedora, one thread */
	"libopenblasp.so.0",		/* Fedora, with threads */
	"libopenblaso.so.0",		/* Fedora, with OpenMP */
	"libopenblas.so.3",			/* Alpine, Arch */
#endif
	NULL
};

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
find_symbols(void *handle, const char *name, AffinityBlasLibrary *library,
			 char *message, size_t message_size)
{
	void	   *threads = dlsym(handle, "openblas_set_num_threads");
	void	   *parallel = dlsym(handle, "openblas_get_parallel");
	void	   *config = dlsym(handle, "openblas_get_config");
	char	   *(*get_config) (void);
	const char *missing = threads == NULL ? "openblas_set_num_threads" :
		parallel == NULL ? "openblas_get_parallel" :
		config == NULL ? "openblas_get_config" : NULL;

	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
	{
		void	   *address = dlsym(handle, symbols[i].name);

		if (address == NULL && missing == NULL)
			missing = symbols[i].name;
		put_symbol((char *) &library->functions + symbols[i].offset, address);
	}
	if (missing)
	{
		snprintf(message, message_size, "%s has no function %s", name,
				 missing);
		return 0;
	}
	put_symbol(&get_config, config);
	library->config = get_config();
	if (strstr(library->config, "USE64BITINT"))
	{
		snprintf(message, message_size, "%s is built for integers of 64 bits",
				 name);
		return 0;
	}
	put_symbol(&library->set_threads, threads);
	put_symbol(&library->run_threads, dlsym(handle, "gotoblas_pthread"));
	put_symbol(&library->get_parallel, parallel);
	return 1;
}

/*
 * Whether dlopen found no file of this name, and not a file that it cannot
 * open or one that needs another which is missing.
 */
static int
is_absent(const char *name, const char *error)
{
	return strstr(error, name) != NULL &&
		(strstr(error, strerror(ENOENT)) || strstr(error, "no such file"));
}

/*
 * One name; what fits stays open, and so does a library that does not: its
 * threads would not survive its code.
 */
static AffinityBlasState
open_name(const char *name, AffinityBlasLibrary *library, char *message,
		  size_t message_size, int *absent)
{
	const char *no_memory = strerror(ENOMEM);
	void	   *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);

	*absent = 0;
	if (handle == NULL)
	{
		const char *error = dlerror();

		snprintf(message, message_size, "%s", error ? error : name);
		if (strstr(message, no_memory) || strstr(message, "map segment"))
			return AFFINITY_BLAS_NO_MEMORY;
		*absent = is_absent(name, message);
		return AFFINITY_BLAS_MISSING;
	}
	return find_symbols(handle, name, library, message, message_size) ?
		AFFINITY_BLAS_READY : AFFINITY_BLAS_MISSING;
}

/*
 * The usual names in turn. The message is about the first that is there, or
 * else about the first of all.
 */
static AffinityBlasState
open_usual(AffinityBlasLibrary *library, char *message, size_t message_size)
{
	int			said = 0;

	message[0] = '\0';
	for (const char *const *name = affinity_blas_usual_names; *name; name++)
	{
		char		why[256];
		int			absent;
		AffinityBlasState state = open_name(*name, library, why, sizeof(why),
											&absent);

		if (state != AFFINITY_BLAS_MISSING)
		{
			snprintf(message, message_size, "%s",
					 state == AFFINITY_BLAS_READY ? "" : why);
			return state;
		}
		if (message[0] == '\0' || (!said && !absent))
			snprintf(message, message_size, "%s", why);
		said |= !absent;
	}
	return AFFINITY_BLAS_MISSING;
}

/*
 * Open the library of this name, or of one of the usual names where it is
 * "", with one thread in the environment, which is put back afterwards: what
 * the server starts later is not ours to configure.
 */
AffinityBlasState
affinity_blas_library_open(const char *name, AffinityBlasLibrary *library,
						   char *message, size_t message_size)
{
	char		kept[256];
	const char *old = getenv(THREADS_VARIABLE);
	AffinityBlasState state;
	int			absent;

	snprintf(kept, sizeof(kept), "%s", old ? old : "");
	if (setenv(THREADS_VARIABLE, "1", 1) != 0)
		return AFFINITY_BLAS_NO_MEMORY;
	state = name[0] == '\0' ? open_usual(library, message, message_size) :
		open_name(name, library, message, message_size, &absent);
	if (old)
		(void) setenv(THREADS_VARIABLE, kept, 1);
	else
		(void) unsetenv(THREADS_VARIABLE);
	return state;
}
