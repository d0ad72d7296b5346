/*
 * read.c
 *		Rows of a query about members, through the executor.
 *
 * The query runs under SPI with a DestReceiver of our own, so grants,
 * row-level security and views hold, and no tuple is copied. Both columns of
 * ids go through one dictionary, in batches; a row is then two numbers and a
 * weight or a time. Numbers are ranked by id at the end, after which nothing
 * knows in what order rows came.
 */
#include "postgres.h"

#include <math.h>

#include "executor/spi.h"
#include "executor/tuptable.h"
#include "nodes/parsenodes.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"

#include "base/query.h"
#include "community/community.h"
#include "parallel/progress.h"

/* Room for ids, beyond what is allowed, to find out how much is needed. */
#define COUNTING_BYTES	((Size) 256 * 1024 * 1024)

typedef struct RowReader
{
	DestReceiver pub;
	const CommunityRequest *request;
	CommunityRows *rows;
	bool		has_third;
	AffinityKeys *first;
	AffinityKeys *second;
	CommunityRow batch[AFFINITY_BATCH];
	int			n;				/* rows in the batch */
	int64		read;
	int64		usable;
	bool		counting;		/* over the memory allowed: only count */
} RowReader;

/* ---- memory ------------------------------------------------------------ */

static Size
bytes_needed(const RowReader *self)
{
	const CommunityRows *rows = self->rows;

	return (Size) self->usable * self->request->row_bytes +
		(Size) affinity_dictionary_size(rows->members) *
		self->request->member_bytes +
		affinity_dictionary_bytes(rows->members) +
		(rows->labels ? affinity_dictionary_bytes(rows->labels) : 0);
}

static void
too_much(const RowReader *self, const char *at_least)
{
	affinity_base_lacks_memory(bytes_needed(self),
							   "let the query give fewer rows",
							   "%lld %s need%s", (long long) self->usable,
							   self->request->what, at_least);
}

/*
 * Over the limit rows are only counted, to be able to name the need; ids have
 * to be kept even so, but not without bound.
 */
static void
check_memory(RowReader *self)
{
	Size		allowed = affinity_base_memory_allowed();
	Size		ids = affinity_dictionary_bytes(self->rows->members);

	if (self->counting && ids > allowed + COUNTING_BYTES)
		too_much(self, " at least");
	if (self->counting || bytes_needed(self) <= allowed)
		return;
	self->counting = true;
	pfree(self->rows->row);
	self->rows->row = NULL;
	self->rows->room = 0;
}

/* ---- batches ----------------------------------------------------------- */

static void
keep_batch(RowReader *self)
{
	CommunityRows *rows = self->rows;

	if (rows->n + self->n > rows->room)
	{
		rows->room = Max(rows->room * 2, rows->n + self->n);
		rows->row = repalloc_huge(rows->row,
								  mul_size(rows->room, sizeof(CommunityRow)));
	}
	memcpy(rows->row + rows->n, self->batch, self->n * sizeof(CommunityRow));
	rows->n += self->n;
}

static void
flush_batch(RowReader *self)
{
	CommunityRows *rows = self->rows;
	uint32		first[AFFINITY_BATCH];
	uint32		second[AFFINITY_BATCH];
	int			given = 0;

	if (self->n == 0)
		return;
	affinity_dictionary_add(rows->members, self->first, first);
	affinity_dictionary_add(rows->labels ? rows->labels : rows->members,
							self->second, second);
	for (int i = 0; i < self->n; i++)
	{
		if (self->batch[i].a != COMMUNITY_NOBODY)
			self->batch[i].a = first[given++];
		self->batch[i].b = second[i];
	}
	self->usable += self->n;
	if (!self->counting)
		keep_batch(self);
	self->n = 0;
	affinity_dictionary_keys_clear(self->first);
	affinity_dictionary_keys_clear(self->second);
	affinity_parallel_progress_done(self->read);
	check_memory(self);
}

/* ---- one row ----------------------------------------------------------- */

pg_noreturn static void
refuse_row(const RowReader *self, TupleTableSlot *slot, int sqlstate,
		   const char *what, const char *hint)
{
	Oid			type = affinity_dictionary_type(self->rows->members);
	bool		nobody = slot->tts_isnull[0];

	ereport(ERROR,
			(errcode(sqlstate),
			 nobody ? errmsg("the row of %s has %s",
							 affinity_base_id_display(slot->tts_values[1],
													  type), what) :
			 errmsg("the row from %s to %s has %s",
					affinity_base_id_display(slot->tts_values[0], type),
					affinity_base_id_display(slot->tts_values[1], type),
					what),
			 errhint("%s", hint)));
}

/* The weight of a row; a weight of -0 is 0. */
static double
row_weight(const RowReader *self, TupleTableSlot *slot)
{
	double		weight;

	if (!self->has_third)
		return 1;
	weight = DatumGetFloat8(slot->tts_values[2]);
	if (isnan(weight) || isinf(weight))
		refuse_row(self, slot, ERRCODE_DATA_EXCEPTION,
				   isnan(weight) ? "the weight NaN" : "an infinite weight",
				   "Leave such rows out of the query, or give them a finite weight.");
	if (weight < 0)
		refuse_row(self, slot, ERRCODE_INVALID_PARAMETER_VALUE,
				   psprintf("the weight %g, which is below 0", weight),
				   "A weight says how strong an edge is. Leave rows below 0 out: WHERE weight > 0.");
	return weight + 0.0;
}

static int64
row_time(const RowReader *self, TupleTableSlot *slot)
{
	int64		at;

	if (!self->has_third)
		return 0;
	if (slot->tts_isnull[2])
		return COMMUNITY_NO_TIME;
	at = DatumGetInt64(slot->tts_values[2]);
	if (TIMESTAMP_NOT_FINITE(at))
		refuse_row(self, slot, ERRCODE_INVALID_PARAMETER_VALUE,
				   "an infinite time",
				   "Leave such rows out of the query, or give them a real time.");
	return at;
}

static bool
receive_row(TupleTableSlot *slot, DestReceiver *pub)
{
	RowReader  *self = (RowReader *) pub;
	const CommunityRequest *request = self->request;
	CommunityRow *row = &self->batch[self->n];

	slot_getallattrs(slot);
	self->read++;
	if (slot->tts_isnull[1] ||
		(slot->tts_isnull[0] && !request->first_may_be_null) ||
		(request->third == COMMUNITY_WEIGHT && self->has_third &&
		 slot->tts_isnull[2]))
	{
		self->rows->skipped++;
		return true;
	}
	row->a = slot->tts_isnull[0] ? COMMUNITY_NOBODY : 0;
	if (request->third == COMMUNITY_TIME)
		row->at = row_time(self, slot);
	else
		row->weight = row_weight(self, slot);
	if (!slot->tts_isnull[0])
		affinity_dictionary_keys_add(self->first, slot->tts_values[0]);
	affinity_dictionary_keys_add(self->second, slot->tts_values[1]);
	if (++self->n == AFFINITY_BATCH)
		flush_batch(self);
	return true;
}

static void
receive_startup(DestReceiver *pub, int operation, TupleDesc desc)
{
	(void) pub;
	(void) operation;
	(void) desc;
}

static void
receive_shutdown(DestReceiver *pub)
{
	(void) pub;
}

/* ---- the query --------------------------------------------------------- */

pg_noreturn static void
refuse_query(const CommunityRequest *request)
{
	const char *third = request->third == COMMUNITY_WEIGHT ?
		", and maybe a weight" :
		request->third == COMMUNITY_TIME ? ", and maybe a time" : "";

	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("%s must be one SELECT of %s%s", request->what,
					request->labels ? "a member and its community" :
					request->third == COMMUNITY_TIME ?
					"who invited and who was invited" : "two members", third),
			 errhint("Write it like: %s.", request->example)));
}

/*
 * The type that ids of a column are kept as; all integers as bigint.
 */
static Oid
id_type(const CommunityRequest *request, TupleDesc desc, int column)
{
	const		FormData_pg_attribute *attribute = TupleDescAttr(desc, column);
	const char *own = NameStr(attribute->attname);
	AffinityIdGiven given = {
		.type = attribute->atttypid,
		.typmod = attribute->atttypmod,
		.collation = attribute->attcollation,
		.role = psprintf("column \"%s\" of %s", own, request->what),
		.sql = quote_identifier(own),
		.place = AFFINITY_ID_COLUMN
	};
	AffinityIdKind kind;
	Oid			kept =
		affinity_base_id_kept(affinity_base_id_check(&given, &kind));

	return kind == AFFINITY_ID_INT ? INT8OID : kept;
}

/* The third column as it is read, with a comma before it. */
static char *
third_column(const CommunityRequest *request, TupleDesc desc,
			 CommunityRows *rows)
{
	Oid			given = getBaseType(TupleDescAttr(desc, 2)->atttypid);

	if (request->third == COMMUNITY_WEIGHT)
	{
		switch (given)
		{
			case INT2OID:
			case INT4OID:
			case INT8OID:
			case FLOAT4OID:
			case FLOAT8OID:
			case NUMERICOID:
				return ", q.c::pg_catalog.float8";
			default:
				break;
		}
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the weight of %s is of type %s, not a number",
						request->what, format_type_be(given)),
				 errhint("Write it like: %s.", request->example)));
	}
	switch (given)
	{
		case TIMESTAMPTZOID:
			rows->at_type = TIMESTAMPTZOID;
			return ", q.c::pg_catalog.timestamptz";
		case TIMESTAMPOID:
		case DATEOID:
			rows->at_type = TIMESTAMPOID;
			return ", q.c::pg_catalog.timestamp";
		default:
			break;
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("the time of %s is of type %s, not a date or timestamp",
					request->what, format_type_be(given)),
			 errhint("Write it like: %s.", request->example)));
	return NULL;				/* not reached */
}

/*
 * The query as it is run: is it one SELECT of the right columns?
 */
static char *
checked_query(RowReader *self)
{
	const CommunityRequest *request = self->request;
	CommunityRows *rows = self->rows;
	SPIPlanPtr	plan = affinity_base_query_prepare(request->query,
												   psprintf("Write it like: %s.", request->example));
	CachedPlanSource *source;
	TupleDesc	desc;
	RawStmt    *raw;
	Oid			first;
	Oid			second;
	int			len;

	if (plan == NULL || list_length(SPI_plan_get_plan_sources(plan)) != 1)
		refuse_query(request);
	source = linitial(SPI_plan_get_plan_sources(plan));
	raw = source->raw_parse_tree;
	desc = source->resultDesc;
	if (raw == NULL || !IsA(raw->stmt, SelectStmt) || desc == NULL ||
		desc->natts < 2 ||
		desc->natts > (request->third == COMMUNITY_NOTHING ? 2 : 3))
		refuse_query(request);
	first = id_type(request, desc, 0);
	second = request->labels ? TEXTOID : id_type(request, desc, 1);
	if (first != second && !request->labels)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("members of %s are of type %s in one column and of type %s in the other",
						request->what, format_type_be(first),
						format_type_be(second)),
				 errhint("Both columns name members of one kind. Cast one of them.")));
	if (rows->members &&
		first != affinity_dictionary_type(rows->members))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("members of %s are of type %s, but those of edges of type %s",
						request->what, format_type_be(first),
						format_type_be(affinity_dictionary_type(rows->members))),
				 errhint("Both queries name the same members. Cast one of the columns.")));
	if (!rows->members)
		rows->members = affinity_dictionary_create(first);
	self->has_third = desc->natts == 3;
	len = raw->stmt_len > 0 ? raw->stmt_len :
		(int) strlen(request->query) - raw->stmt_location;
	/* a comment may end the text: the parenthesis needs a line of its own */
	return psprintf("SELECT q.a::%s, q.b::%s%s FROM (\n%s\n) AS q(a, b%s)",
					format_type_be_qualified(first),
					format_type_be_qualified(second),
					self->has_third ? third_column(request, desc, rows) : "",
					pnstrdup(request->query + raw->stmt_location, len),
					self->has_third ? ", c" : "");
}

/*
 * The query of an argument, which must be there.
 */
char *
affinity_community_query_arg(FunctionCallInfo fcinfo, int arg,
							 const CommunityRequest *request)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", request->what),
				 errhint("Write it like: %s.", request->example)));
	return text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

/*
 * Read the rows of a query; members are numbered as they come, after those
 * that are there already. The caller is connected to SPI.
 */
void
affinity_community_read(const CommunityRequest *request, CommunityRows *rows)
{
	RowReader  *self = palloc0(sizeof(RowReader));
	SPIExecuteOptions options = {0};
	MemoryContext old = CurrentMemoryContext;
	char	   *query;
	int			rc;

	self->pub.receiveSlot = receive_row;
	self->pub.rStartup = receive_startup;
	self->pub.rShutdown = receive_shutdown;
	self->pub.rDestroy = receive_shutdown;
	self->pub.mydest = DestTuplestore;	/* DestNone would count as a utility */
	self->request = request;
	self->rows = rows;
	query = checked_query(self);
	if (request->labels)
		rows->labels = affinity_dictionary_create(TEXTOID);
	rows->n = 0;
	rows->room = AFFINITY_BATCH;
	rows->row = affinity_base_array(rows->room, sizeof(CommunityRow));
	self->first = affinity_dictionary_keys(rows->members);
	self->second = affinity_dictionary_keys(rows->labels ? rows->labels :
											rows->members);
	options.read_only = true;
	options.dest = &self->pub;
	rc = SPI_execute_extended(query, &options);
	MemoryContextSwitchTo(old); /* SPI leaves its own */
	if (rc != SPI_OK_SELECT)
		elog(ERROR, "reading %s failed: %s", request->what,
			 SPI_result_code_string(rc));
	flush_batch(self);
	if (self->counting)
		too_much(self, "");
	affinity_dictionary_keys_free(self->first);
	affinity_dictionary_keys_free(self->second);
	pfree(self);
	if (rows->skipped > 0)
		ereport(NOTICE,
				(errmsg("%lld rows of %s with a NULL were left out",
						(long long) rows->skipped, request->what)));
	rows->skipped = 0;
}

/*
 * Members by the order of their ids, from now on; nothing can be read any
 * more.
 */
void
affinity_community_rank(CommunityRows *rows)
{
	const uint32 *rank;

	affinity_dictionary_sort(rows->members);
	rank = affinity_dictionary_rank(rows->members);
	rows->n_members = affinity_dictionary_size(rows->members);
	for (int64 i = 0; i < rows->n; i++)
	{
		affinity_base_look_up(i);
		if (rows->row[i].a != COMMUNITY_NOBODY)
			rows->row[i].a = rank[rows->row[i].a];
		if (rows->labels == NULL)
			rows->row[i].b = rank[rows->row[i].b];
	}
}
