/*
 * reserve.c
 *		Takes memory and threads to see that they can be had, and gives them
 *		back at once.
 *
 * All are held at the same time, each as large as the library will ask for
 * it, so limits of the process (RLIMIT_AS, RLIMIT_NPROC) and of the system
 * (strict overcommit, pids of a cgroup) are met here. Pages are not touched:
 * it takes microseconds whatever the size.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "blas/reserve.h"

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS	MAP_ANON
#endif

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int	released;

/* A thread that is there until all are. */
static void *
stay(void *unused)
{
	(void) unused;
	pthread_mutex_lock(&lock);
	while (!released)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	return NULL;
}

/*
 * Whether so many more threads can be started; the caller blocks signals.
 * EAGAIN stands for a lack of memory as well: a stack alone tells which.
 */
static AffinityReserve
reserve_threads(int threads)
{
	pthread_t	thread[AFFINITY_RESERVE_MOST];
	int			n = 0;
	int			error = 0;
	AffinityReserve result = AFFINITY_RESERVE_DONE;

	released = 0;
	while (n < threads && error == 0)
	{
		error = pthread_create(&thread[n], NULL, stay, NULL);
		if (error == 0)
			n++;
	}
	if (error != 0)
	{
		size_t		bytes = affinity_blas_thread_bytes();
		void	   *stack = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
								 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		result = stack == MAP_FAILED ? AFFINITY_RESERVE_NO_MEMORY :
			AFFINITY_RESERVE_NO_THREADS;
		if (stack != MAP_FAILED)
			(void) munmap(stack, bytes);
	}
	pthread_mutex_lock(&lock);
	released = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	while (n-- > 0)
		(void) pthread_join(thread[n], NULL);
	return result;
}

/*
 * Whether so many areas of so many bytes each and so many more threads can be
 * had together.
 */
AffinityReserve
affinity_blas_reserve(size_t area, int areas, int threads)
{
	void	   *at[AFFINITY_RESERVE_MOST];
	int			n = 0;
	AffinityReserve result = AFFINITY_RESERVE_DONE;

	if (areas > AFFINITY_RESERVE_MOST || threads > AFFINITY_RESERVE_MOST)
		return AFFINITY_RESERVE_NO_THREADS;
	while (n < areas && result == AFFINITY_RESERVE_DONE)
	{
		at[n] = mmap(NULL, area, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at[n] == MAP_FAILED)
			result = AFFINITY_RESERVE_NO_MEMORY;
		else
			n++;
	}
	if (result == AFFINITY_RESERVE_DONE && threads > 0)
		result = reserve_threads(threads);
	while (n-- > 0)
		(void) munmap(at[n], area);
	return result;
}

/* Bytes of address space that a thread takes: its stack. */
size_t
affinity_blas_thread_bytes(void)
{
	pthread_attr_t attributes;
	size_t		bytes = 0;

	if (pthread_attr_init(&attributes) != 0)
		return 0;
	(void) pthread_attr_getstacksize(&attributes, &bytes);
	(void) pthread_attr_destroy(&attributes);
	return bytes;
}

/*
 * Bytes of address space that the process has; 0 where nobody says so.
 */
size_t
affinity_blas_address_space(void)
{
	char		text[32] = "";
	int			file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t		n;

	if (file < 0)
		return 0;
	n = read(file, text, sizeof(text) - 1);
	(void) close(file);
	return n > 0 ? strtoul(text, NULL, 10) * (size_t) sysconf(_SC_PAGESIZE) : 0;
}
