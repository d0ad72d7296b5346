/*
 * progress.c
 *		How far a training or recommend_all is, for the view
 *		affinity.progress.
 *
 * The extension has no shared memory of its own, as it is not in
 * shared_preload_libraries: a backend that trains keeps one record in a file
 * of pg_stat_tmp, the server's place for such files (no backup, no WAL). The
 * record is written over in place, ten times a second at most. A training
 * goes on without it where it cannot be written.
 *
 * The file goes with the memory context in which the training began. A
 * backend that was killed leaves it behind; readers find that the transaction
 * it names is over and remove it.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "port/pg_crc32c.h"
#include "portability/instr_time.h"
#include "storage/fd.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "parallel/progress.h"

#define FILE_PREFIX		"affinity."
#define MAGIC			0x41465031	/* AFP1: the layout's version */
#define MIN_SECONDS		0.1		/* between two writes */

typedef struct Record
{
	uint32		magic;
	int32		pid;
	VirtualTransactionId transaction;	/* that trains */
	Oid			database;
	int32		encoding;		/* of the names */
	int32		workers;
	TimestampTz started;
	TimestampTz phase_started;
	int64		done;
	int64		total;			/* 0: unknown */
	char		model[NAMEDATALEN];
	char		algorithm[NAMEDATALEN];
	char		phase[NAMEDATALEN];
	pg_crc32c	crc;			/* of all before it */
} Record;

static Record record;
static bool active = false;		/* something was begun in this backend */
static int	depth = 0;			/* a source's functions may train as well */
static int	most_workers;
static instr_time written;
static char path[MAXPGPATH];

/* ---- the trainer ------------------------------------------------------- */

static pg_crc32c
checksum(const Record *r)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, r, offsetof(Record, crc));
	FIN_CRC32C(crc);
	return crc;
}

/*
 * Whatever fails here is not worth failing a training.
 */
static void
write_record(void)
{
	int			fd = BasicOpenFile(path, O_WRONLY | O_CREAT | PG_BINARY);

	INSTR_TIME_SET_CURRENT(written);
	if (fd < 0)
		return;
	record.crc = checksum(&record);
	if (pg_pwrite(fd, &record, sizeof(record), 0) != sizeof(record))
		(void) unlink(path);
	close(fd);
}

/*
 * Is there something to write down? What is begun within a training is not.
 */
static inline bool
shown(void)
{
	return active && depth == 1;
}

/* The memory context goes: so it is over, one way or another. */
static void
forget(void *arg)
{
	(void) arg;
	if (shown())
	{
		active = false;
		(void) unlink(path);
	}
	depth--;
}

MemoryContext
affinity_parallel_progress_begin(const char *model, const char *algorithm)
{
	MemoryContext begun = AllocSetContextCreate(CurrentMemoryContext,
												"affinity progress",
												ALLOCSET_SMALL_SIZES);
	MemoryContextCallback *callback =
		MemoryContextAllocZero(begun, sizeof(MemoryContextCallback));

	callback->func = forget;
	MemoryContextRegisterResetCallback(begun, callback);
	if (++depth > 1)
		return begun;
	memset(&record, 0, sizeof(record));
	record.magic = MAGIC;
	record.pid = MyProcPid;
	GET_VXID_FROM_PGPROC(record.transaction, *MyProc);
	record.database = MyDatabaseId;
	record.encoding = GetDatabaseEncoding();
	record.started = GetCurrentTimestamp();
	strlcpy(record.model, model, NAMEDATALEN);
	strlcpy(record.algorithm, algorithm, NAMEDATALEN);
	snprintf(path, sizeof(path), "%s/" FILE_PREFIX "%d", PG_STAT_TMP_DIR,
			 MyProcPid);
	most_workers = 0;
	active = true;
	return begun;
}

void
affinity_parallel_progress_phase(const char *phase, int64 total, int workers)
{
	if (!shown())
		return;
	strlcpy(record.phase, phase, NAMEDATALEN);
	record.phase_started = GetCurrentTimestamp();
	record.done = 0;
	record.total = total;
	record.workers = workers;
	most_workers = Max(most_workers, workers);
	write_record();
}

void
affinity_parallel_progress_workers(int workers)
{
	if (!shown() || workers == record.workers)
		return;
	record.workers = workers;
	most_workers = Max(most_workers, workers);
	write_record();
}

/*
 * The record says which transaction it is of: the one that runs now.
 */
void
affinity_parallel_progress_part(const char *phase, int64 done, int64 total)
{
	if (!shown())
		return;
	GET_VXID_FROM_PGPROC(record.transaction, *MyProc);
	if (strncmp(record.phase, phase, NAMEDATALEN - 1) != 0)
		record.phase_started = GetCurrentTimestamp();
	strlcpy(record.phase, phase, NAMEDATALEN);
	record.done = done;
	record.total = total;
	record.workers = 0;
	write_record();
}

int
affinity_parallel_progress_most_workers(void)
{
	return most_workers;
}

void
affinity_parallel_progress_done(int64 done)
{
	instr_time	since;

	if (!shown())
		return;
	record.done = done;
	INSTR_TIME_SET_CURRENT(since);
	INSTR_TIME_SUBTRACT(since, written);
	if (INSTR_TIME_GET_DOUBLE(since) >= MIN_SECONDS)
		write_record();
}

void
affinity_parallel_progress_end(MemoryContext begun)
{
	MemoryContextDelete(begun);
}

/* ---- readers ----------------------------------------------------------- */

/*
 * A whole record, as somebody wrote it?
 */
static bool
read_record(const char *name, Record *r)
{
	int			fd = OpenTransientFile(name, O_RDONLY | PG_BINARY);
	bool		whole;

	if (fd < 0)
		return false;
	whole = read(fd, r, sizeof(Record)) == sizeof(Record);
	CloseTransientFile(fd);
	return whole && r->magic == MAGIC && r->crc == checksum(r) &&
		memchr(r->model, '\0', NAMEDATALEN) &&
		memchr(r->algorithm, '\0', NAMEDATALEN) &&
		memchr(r->phase, '\0', NAMEDATALEN);
}

/*
 * Is the transaction under way that trains?
 */
static bool
is_alive(const Record *r)
{
	PGPROC	   *proc = BackendPidGetProc(r->pid);
	VirtualTransactionId transaction;

	if (proc == NULL)
		return false;
	GET_VXID_FROM_PGPROC(transaction, *proc);
	return VirtualTransactionIdEquals(transaction, r->transaction);
}

/*
 * A name in this database's encoding, or what can be shown of it.
 */
static Datum
shown_name(const Record *r, const char *name)
{
	char	   *copy = pstrdup(name);

	if (r->encoding != GetDatabaseEncoding() ||
		!pg_verifymbstr(copy, strlen(copy), true))
	{
		for (char *c = copy; *c; c++)
		{
			if (IS_HIGHBIT_SET(*c))
				*c = '?';
		}
	}
	return CStringGetTextDatum(copy);
}

static void
put_record(ReturnSetInfo *result, const Record *r)
{
	Datum		values[10];
	bool		nulls[10] = {0};

	values[0] = Int32GetDatum(r->pid);
	values[1] = ObjectIdGetDatum(r->database);
	values[2] = shown_name(r, r->model);
	values[3] = shown_name(r, r->algorithm);
	values[4] = shown_name(r, r->phase);
	values[5] = Int64GetDatum(r->done);
	values[6] = Int64GetDatum(r->total);
	nulls[6] = r->total <= 0;
	values[7] = Int32GetDatum(r->workers);
	values[8] = TimestampTzGetDatum(r->started);
	values[9] = TimestampTzGetDatum(r->phase_started);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(affinity_parallel_list_progress);

/*
 * SQL: list_progress(): the trainings of all backends.
 */
Datum
affinity_parallel_list_progress(PG_FUNCTION_ARGS)
{
	DIR		   *dir;
	struct dirent *entry;

	InitMaterializedSRF(fcinfo, 0);
	dir = AllocateDir(PG_STAT_TMP_DIR);
	while ((entry = ReadDirExtended(dir, PG_STAT_TMP_DIR, LOG)) != NULL)
	{
		char		name[MAXPGPATH];
		Record		r;

		CHECK_FOR_INTERRUPTS();
		if (strncmp(entry->d_name, FILE_PREFIX, strlen(FILE_PREFIX)) != 0)
			continue;
		snprintf(name, sizeof(name), "%s/%s", PG_STAT_TMP_DIR, entry->d_name);
		if (!read_record(name, &r))
			continue;
		if (is_alive(&r))
			put_record((ReturnSetInfo *) fcinfo->resultinfo, &r);
		else
			(void) unlink(name);
	}
	FreeDir(dir);
	return (Datum) 0;
}
