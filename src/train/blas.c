/*
 * blas.c
 *		OpenBLAS for the algorithms, or an error that says how to get it.
 *
 * Who calls it cuts the work into pieces of about 50 ms and looks at
 * interrupts in between: no signal is acted upon within a call of OpenBLAS.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "portability/instr_time.h"

#include "train/train.h"

/* How long OpenBLAS may take for what was there a moment ago. */
#define PATIENCE_MS		5000

/*
 * message is what the system says, or NULL.
 */
static void
lacks_memory(const char *message, Size bytes, int threads)
{
	ereport(ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 message ? errmsg("out of memory for OpenBLAS: %s", message) :
			 errmsg("out of memory for OpenBLAS"),
			 errdetail("It needs %zu MB more of address space in this process.",
					   bytes / (1024 * 1024) + 1),
			 threads > 2 || affinity_base_blas_threads > 1 ?
			 errhint("SET affinity.blas_threads = 1, raise the limits of the server (ulimit -v, vm.overcommit_memory), or train algorithm item_knn.") :
			 errhint("Raise the limits of the server (ulimit -v, vm.overcommit_memory), or train algorithm item_knn.")));
}

static void
lacks_threads(int threads)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
			 errmsg("could not start %d threads for OpenBLAS", threads),
			 affinity_base_blas_threads > 1 ?
			 errhint("SET affinity.blas_threads = 1, or raise the limits of the server (ulimit -u, pids of its cgroup).") :
			 errhint("Raise the limits of the server (ulimit -u, pids of its cgroup).")));
}

/*
 * The setting names one file; without it there are several names.
 */
static void
is_missing(const char *message)
{
	StringInfoData names;

	if (affinity_base_blas_library[0] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("could not load OpenBLAS: %s", message),
				 errdetail("affinity.blas_library is \"%s\".",
						   affinity_base_blas_library),
				 errhint("It has to name an OpenBLAS with integers of 32 bits; if it is empty, the usual names are tried. A superuser may set it.")));
	initStringInfo(&names);
	for (const char *const *name = affinity_blas_usual_names; *name; name++)
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", *name);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FILE),
			 errmsg("could not load OpenBLAS: %s", message),
			 errdetail("These names were tried: %s.", names.data),
			 errhint("Install OpenBLAS on the server: libopenblas0-pthread (Debian, Ubuntu), openblas-threads (Fedora) or openblas (Alpine, Homebrew). A file of another name is one for affinity.blas_library.")));
}

const AffinityBlas *
affinity_train_blas(void)
{
	AffinityBlasAnswer answer;
	AffinityBlasState state;
	instr_time	start;
	instr_time	now;
	long		nap = 20;

	INSTR_TIME_SET_CURRENT(start);
	while ((state = affinity_blas_functions(affinity_base_blas_library,
											affinity_base_blas_threads,
											&answer)) == AFFINITY_BLAS_WAIT)
	{
		CHECK_FOR_INTERRUPTS();
		INSTR_TIME_SET_CURRENT(now);
		INSTR_TIME_SUBTRACT(now, start);
		if (INSTR_TIME_GET_MILLISEC(now) > PATIENCE_MS)
			lacks_memory(NULL, answer.bytes, answer.threads);
		pg_usleep(nap);
		nap = Min(2 * nap, 10000);
	}
	if (state == AFFINITY_BLAS_NO_MEMORY)
		lacks_memory(answer.message, answer.bytes, answer.threads);
	if (state == AFFINITY_BLAS_NO_THREADS)
		lacks_threads(answer.threads);
	if (state == AFFINITY_BLAS_MISSING)
		is_missing(answer.message);
	return answer.blas;
}

/*
 * To be called before every call of OpenBLAS: an error if it could not have
 * the memory that the call takes, where it would end the process.
 */
void
affinity_train_blas_ready(void)
{
	Size		bytes = affinity_blas_scratch();

	if (bytes > 0)
		lacks_memory(NULL, bytes, 2);
}
