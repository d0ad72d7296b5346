/*
 * late.c
 *		In the build of `make check-hard`: whoever goes on after a cancel.
 *
 * How long a statement takes to end after its timeout says little of the
 * extension: the server looks at interrupts between rows, and the text of a row
 * of 300 MB takes it seconds; and where three fuzzers share two processors all
 * of them wait. So a timer looks four times a second whether a cancel is
 * pending and whose functions are on the stack. With one of the extension, the
 * time since the last look counts, but not that of waiting for a processor,
 * which the kernel knows (/proc/self/schedstat). After hard_late_seconds of that
 * the process says in which function it is, and aborts.
 */
#include "memory.h"

#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <sanitizer/common_interface_defs.h>

#include "miscadmin.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

double		hard_late_seconds = 10;

/* Of the extension's code, and in that of this file. */
static uintptr_t text_begin;
static uintptr_t text_end;
extern char __start_hard_late[] __attribute__((visibility("hidden")));
extern char __stop_hard_late[] __attribute__((visibility("hidden")));

#define LATE __attribute__((section("hard_late"), noinline, no_sanitize("address", "undefined")))

static bool pending;			/* at the last look? */
static double seen_at;			/* then, in seconds */
static double waited_then;
static double late;				/* what counts, since the cancel */

LATE static double
seconds_now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec + at.tv_nsec / 1e9;
}

/* For how many seconds this process has waited for a processor. */
LATE static double
waited(void)
{
	char		text[96] = "";
	int			file = open("/proc/self/schedstat", O_RDONLY);
	const char *space;

	if (file < 0)
		return 0;
	if (read(file, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(file);
	space = strchr(text, ' ');
	return space == NULL ? 0 : strtod(space, NULL) / 1e9;
}

/* Says where, for the server's log; this process does not go on. */
LATE static void
end_late(void *frame)
{
	char		where[512] = "an unknown function";

	__sanitizer_symbolize_pc((char *) frame - 1, "%f, %S", where, sizeof(where));
	fprintf(stderr, "TRAP: goes on after a cancel, in %s: %.0f s\n", where, late);
	fflush(stderr);
	abort();
}

LATE static void
look(int signal pg_attribute_unused())
{
	int			before = errno;
	double		at = seconds_now();
	double		waits;
	void	   *frame[200];
	int			n;

	if (!QueryCancelPending && !ProcDiePending)
	{
		pending = false;
		errno = before;
		return;
	}
	waits = waited();
	if (!pending)
	{
		pending = true;
		late = 0;
		seen_at = at;
		waited_then = waits;
	}
	n = backtrace(frame, lengthof(frame));
	for (int i = 0; i < n; i++)
	{
		uintptr_t	pc = (uintptr_t) frame[i];

		if (pc < text_begin || pc >= text_end ||
			(pc >= (uintptr_t) __start_hard_late && pc < (uintptr_t) __stop_hard_late))
			continue;
		late += Max((at - seen_at) - (waits - waited_then), 0);
		if (late >= hard_late_seconds)
			end_late(frame[i]);
		break;
	}
	seen_at = at;
	waited_then = waits;
	errno = before;
}

/* Finds where the extension's code is. */
static void
find_text(void)
{
	FILE	   *maps = fopen("/proc/self/maps", "r");
	char		line[4096];

	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL)
	{
		unsigned long begin;
		unsigned long end;

		if (sscanf(line, "%lx-%lx", &begin, &end) == 2 &&
			(uintptr_t) look >= begin && (uintptr_t) look < end)
		{
			text_begin = begin;
			text_end = end;
		}
	}
	if (maps != NULL)
		fclose(maps);
}

/* When a process loads the extension. */
__attribute__((constructor))
static void
hard_late_begin(void)
{
	struct sigaction action = {.sa_handler = look, .sa_flags = SA_RESTART};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
	struct itimerspec every = {{0, 250000000}, {0, 250000000}};
	timer_t		timer;
	void	   *frame[1];

	/* its first call loads a library */
	backtrace(frame, 1);
	find_text();
	sigemptyset(&action.sa_mask);
	sigaction(SIGPROF, &action, NULL);
	event.sigev_notify_thread_id = (pid_t) syscall(SYS_gettid);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
		timer_settime(timer, 0, &every, NULL);
}
