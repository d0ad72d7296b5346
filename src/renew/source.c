/*
 * source.c
 *		What is new in the source of a model, and which items it is about.
 *
 * Where the source has times, rows later than a mark are new: the histories of
 * their users are read whole, by the source's index on users, and make two
 * matrices, of what there is now and of what the model knows. Rows just before
 * the mark are looked at too: a transaction that was at work may have brought
 * them since, and with them items that the model lacks. Where it has none, or
 * the algorithm wants all interactions, all are read.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "parallel/progress.h"
#include "renew/renew.h"
#include "repeat/repeat.h"

/* How long before the mark rows are looked at again. */
#define LOOK_BACK	(10 * USECS_PER_MINUTE)

/* So many users with new rows, and so large a part of all, are many. */
#define MANY_USERS	2000
#define MANY_OF_ALL	(1.0 / 12)

/* The roles of rows. */
#define ROLE_NOW	1
#define ROLE_KNOWN	2

/*
 * How rows are to be read, as a training would read them.
 */
static AffinityReadRequest
request_of(const Renewal *r, bool visits)
{
	const AffinityModel *model = r->model;
	const AffinityAlgorithm *algorithm = model->algorithm;
	const AffinityRepeat *rule = affinity_repeat_rule(algorithm,
													  model->options);
	AffinityReadRequest request = {0};

	request.user_type = model->user_type;
	request.item_type = model->item_type;
	request.read_only = true;
	request.max_bytes = (int64) affinity_base_memory_allowed();
	request.progress = affinity_parallel_progress_done;
	request.value = affinity_train_pair_value(algorithm, model->options);
	request.times_of = model->has_time ? r->from : NULL;
	if (algorithm->request)
		algorithm->request(model->options, &request);
	if (visits && r->rate)
	{
		request.visit = rule->visit;
		request.visit_decay = rule->visit_decay;
		request.visits_if_room = true;
	}
	return request;
}

/*
 * The condition that leaves those users that the model is trained on.
 */
char *
affinity_renew_users_condition(const Renewal *r, const char *keyword, const char *column)
{
	const AffinityModel *model = r->model;

	return affinity_train_users_condition(affinity_train_users(model->algorithm,
															   model->options),
										  keyword, column, model->user_type);
}

/* ---- numbers of items --------------------------------------------------- */

/*
 * The numbers of the items of a part of what has some ids, from the numbers of
 * these: both are in order of id.
 */
static uint32 *
number_part(const AffinityInteractions *part, const AffinityDict *ids,
			const uint32 *no)
{
	uint32	   *of_part = affinity_base_array(part->n_items, sizeof(uint32));
	bool		byval = get_typbyval(affinity_dictionary_type(ids));
	uint32		at = 0;

	for (uint32 i = 0; i < part->n_items; i++)
	{
		Datum		id = affinity_dictionary_id(part->items, i);

		affinity_base_look_up(i);
		while (affinity_dictionary_compare(ids, at, id) != 0)
			at++;
		of_part[i] = no[at];
		if (!byval)
			pfree(DatumGetPointer(id));
	}
	return of_part;
}

/*
 * The numbers of all items that there are now: those that the model lacks get
 * the next ones, in order of id.
 */
static void
number_items(Renewal *r, uint32 *no)
{
	AffinityUpdate *u = &r->update;

	for (uint32 i = 0; i < u->now->n_items; i++)
	{
		if (no[i] == RENEW_NOWHERE && u->n_items == (uint32) PG_INT32_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("model \"%s\" would have too many items",
							r->name)));
		if (no[i] == RENEW_NOWHERE)
			no[i] = u->n_items++;
	}
	affinity_renew_items_append(r, u->now->items, no, u->now->n_items);
	u->now_no = no;
}

/*
 * The numbers of the items of another matrix; of those that the model lacks,
 * as it is now, the number of its items.
 */
uint32 *
affinity_renew_numbers(Renewal *r, const AffinityInteractions *in)
{
	uint32	   *no = affinity_renew_items_find(r, in->items);

	for (uint32 i = 0; i < in->n_items; i++)
		no[i] = Min(no[i], r->update.n_items);
	return no;
}

/* ---- users of items ------------------------------------------------------ */

/*
 * Users of an item of a matrix; those of shortened histories too.
 */
static double
users_of(const AffinityInteractions *in, uint32 item)
{
	return in->popularity ? in->popularity[item] :
		(double) (in->by_item.start[item + 1] - in->by_item.start[item]);
}

static void
count_users(Renewal *r)
{
	AffinityUpdate *u = &r->update;

	r->popularity = affinity_base_array(u->n_items, sizeof(float));
	if (u->before)
		memcpy(r->popularity, r->known, u->n_items * sizeof(float));
	else
		memset(r->popularity, 0, u->n_items * sizeof(float));
	for (uint32 i = 0; i < u->now->n_items; i++)
		r->popularity[u->now_no[i]] += (float) users_of(u->now, i);
	for (uint32 i = 0; u->before && i < u->before->n_items; i++)
		r->popularity[u->before_no[i]] -= (float) users_of(u->before, i);
	for (uint32 i = 0; i < u->n_items; i++)
		r->popularity[i] = Max(r->popularity[i], 0);
	u->popularity = r->popularity;
}

/* ---- by time ------------------------------------------------------------- */

static const char *
columns_of(const Renewal *r)
{
	return r->model->has_time ? "h.user_id, h.item_id, h.weight, h.at" :
		"h.user_id, h.item_id, h.weight";
}

/*
 * From when on rows are looked at.
 */
int64
affinity_renew_since(const Renewal *r)
{
	return Max(r->mark, MIN_TIMESTAMP + LOOK_BACK) - LOOK_BACK;
}

/*
 * Up to when: what is later waits until it is time.
 */
int64
affinity_renew_latest(const Renewal *r)
{
	return affinity_model_latest(r->existing->definition.at_type, r->started);
}

/*
 * The users with a row later than that: how many they are decides how their rows
 * are found.
 */
static void
find_users(Renewal *r)
{
	Datum		since = Int64GetDatum(affinity_renew_since(r));
	Oid			type = r->existing->definition.at_type;
	SPITupleTable *table;
	Datum	   *user;

	if (SPI_execute_with_args(psprintf("SELECT DISTINCT b.user_id FROM %s AS b"
									   " WHERE b.at OPERATOR(pg_catalog.>) $1 AND b.user_id IS NOT NULL%s",
									   r->from,
									   affinity_renew_users_condition(r, "AND",
																	  "b.user_id")),
							  1, &type, &since, NULL, true,
							  0) != SPI_OK_SELECT)
		elog(ERROR, "reading the users with new rows failed");
	table = SPI_tuptable;
	r->n_users = SPI_processed;
	user = affinity_base_array(r->n_users, sizeof(Datum));
	for (uint64 i = 0; i < r->n_users; i++)
	{
		bool		isnull;

		affinity_base_look_up(i);
		user[i] = affinity_base_id_plain(SPI_getbinval(table->vals[i],
													   table->tupdesc, 1,
													   &isnull),
										 r->model->user_type);
	}
	r->users = affinity_model_array(user, (int) r->n_users,
									r->model->user_type);
	SPI_freetuptable(table);
	pfree(user);
}

/*
 * Are there rows whose time is yet to come? They wait, which only by times can
 * be told.
 */
static bool
has_future(const Renewal *r)
{
	Datum		latest = Int64GetDatum(affinity_renew_latest(r));
	Oid			type = r->existing->definition.at_type;

	if (SPI_execute_with_args(psprintf("SELECT FROM %s AS b WHERE b.at OPERATOR(pg_catalog.>) $1",
									   r->from),
							  1, &type, &latest, NULL, true,
							  1) != SPI_OK_SELECT)
		elog(ERROR, "looking for rows of the future failed");
	return SPI_processed > 0;
}

/*
 * Where changes are enough, see whose rows they are. Of many users, the histories
 * are most of the source: then all of it is read, where that may be, and lists
 * are made as a training makes them. Where all is read anyway, the histories of
 * few are read beside it.
 */
void
affinity_renew_look(Renewal *r, bool all_if_many)
{
	double		known = (double) DatumGetInt64(r->values[MODEL_USERS - 1]);

	if (!r->has_mark)
		return;
	if (r->way != AFFINITY_UPDATE_CHANGES)
	{
		/* what is known already would count twice, days would count late */
		if (!all_if_many || !r->model->algorithm->takes_changed ||
			affinity_renew_has_days(&r->existing->definition))
			return;
		find_users(r);
		r->tells_changed = r->n_users > 0 && !has_future(r) &&
			(r->n_users < MANY_USERS ||
			 (double) r->n_users < known * MANY_OF_ALL);
		return;
	}
	find_users(r);
	r->too_many = all_if_many && r->n_users >= MANY_USERS &&
		(double) r->n_users >= known * MANY_OF_ALL && !has_future(r);
	if (r->too_many)
		r->has_mark = false;
}

/*
 * Their rows.
 */
static AffinityJournal *
read_journal(Renewal *r, AffinityReadRequest *request)
{
	Oid			type = get_array_type(r->model->user_type);

	/* a plan for an array takes some 350 bytes an element */
	request->query = psprintf("SELECT %s FROM %s AS h"
							  " WHERE h.user_id OPERATOR(pg_catalog.=) ANY (%s)",
							  columns_of(r), r->from,
							  r->n_users <= AFFINITY_LOOKED_UP ? "$1" :
							  "SELECT pg_catalog.unnest($1)");
	request->n_args = 1;
	request->arg_types = &type;
	request->args = &r->users;
	return affinity_interaction_journal_read(request);
}

/*
 * Are the times of a source days? What comes later on a day that was read has
 * no later time.
 */
bool
affinity_renew_has_days(const ModelDefinition *d)
{
	const		Query *source = affinity_definition_source_parse(d->renamed[0] ?
																 d->renamed : d->resolved);
	ListCell   *cell;
	int			n = 0;

	foreach(cell, source->targetList)
	{
		const		TargetEntry *column = lfirst_node(TargetEntry, cell);

		if (!column->resjunk && ++n == 4)
			return getBaseType(exprType((Node *) column->expr)) == DATEOID;
	}
	return false;
}

/*
 * Which rows are new, and which ones the model knows: of an item that it lacks
 * it knows none.
 */
static uint8 *
give_roles(Renewal *r, const AffinityJournal *journal, const uint32 *no)
{
	int64		n = journal->start[journal->n_users];
	int64		latest = affinity_renew_latest(r);
	uint8	   *role = affinity_base_array(n, sizeof(uint8));

	for (int64 row = 0; row < n; row++)
	{
		const AffinityJournalRow *j = &journal->row[row];
		bool		is_new = j->at != AFFINITY_NO_TIME && j->at > r->mark;

		affinity_base_look_up((uint64) row);
		role[row] = 0;
		if (is_new && j->at > latest)
			continue;
		role[row] = ROLE_NOW;
		if (!is_new && no[j->item] < r->update.n_known)
			role[row] |= ROLE_KNOWN;
		else
			r->new_rows++;
		if (j->at == AFFINITY_NO_TIME)
			continue;
		r->newest = r->has_newest ? Max(r->newest, j->at) : j->at;
		r->has_newest = true;
	}
	return role;
}

static void
read_changes(Renewal *r)
{
	AffinityUpdate *u = &r->update;
	AffinityReadRequest request = request_of(r, true);
	AffinityReadRequest known = request_of(r, false);
	AffinityJournal *journal = read_journal(r, &request);
	uint32	   *no = affinity_renew_items_find(r, journal->items);
	uint8	   *role = give_roles(r, journal, no);
	AffinityJournalPart part = {journal, role, ROLE_NOW};

	u->now = affinity_interaction_journal_select(&part, &request);
	part.wanted = ROLE_KNOWN;
	u->before = affinity_interaction_journal_select(&part, &known);
	number_items(r, number_part(u->now, journal->items, no));
	u->before_no = number_part(u->before, journal->items, no);
	r->new_users = (double) u->now->by_user.n_rows - u->before->by_user.n_rows;
	u->users = (double) DatumGetInt64(r->values[MODEL_USERS - 1]) +
		r->new_users;
	r->rows = (double) DatumGetInt64(r->values[MODEL_SOURCE_ROWS - 1]) +
		r->new_rows;
}

/* ---- everything ----------------------------------------------------------- */

static void
read_all(Renewal *r)
{
	AffinityUpdate *u = &r->update;
	AffinityReadRequest request = request_of(r, r->model->has_time);

	request.query = psprintf("SELECT %s FROM %s AS h%s", columns_of(r), r->from,
							 affinity_renew_users_condition(r, "WHERE", "h.user_id"));
	u->now = affinity_interaction_read(&request);
	number_items(r, affinity_renew_items_find(r, u->now->items));
	r->has_newest = u->now->has_time;
	r->newest = u->now->last_at;
	r->rows = (double) u->now->rows;
	r->new_rows = r->rows - (double) DatumGetInt64(r->values[MODEL_SOURCE_ROWS - 1]);
	u->users = u->now->by_user.n_rows;
	r->new_users = u->users - (double) DatumGetInt64(r->values[MODEL_USERS - 1]);
}

/*
 * Leave out users of whom all rows are known: those that were looked up for
 * their rows just before the mark.
 */
static void
leave_known_users(const AffinityJournal *journal, uint8 *role)
{
	for (uint32 user = 0; user < journal->n_users; user++)
	{
		int64		start = journal->start[user];
		int64		end = journal->start[user + 1];
		bool		has_new = false;

		affinity_base_look_up(user);
		for (int64 row = start; row < end; row++)
			has_new |= role[row] == ROLE_NOW;
		if (!has_new)
			memset(role + start, 0, end - start);
	}
}

/*
 * Beside that, the histories of users with new rows.
 */
static void
read_changed(Renewal *r)
{
	AffinityUpdate *u = &r->update;
	AffinityReadRequest request = request_of(r, false);
	const Renewal whole = *r;
	AffinityJournal *journal = read_journal(r, &request);
	uint32	   *no = affinity_renew_items_find(r, journal->items);
	uint8	   *role = give_roles(r, journal, no);
	AffinityJournalPart part = {journal, role, ROLE_NOW};

	leave_known_users(journal, role);
	/* that was counted already */
	r->newest = whole.newest;
	r->has_newest = whole.has_newest;
	r->new_rows = whole.new_rows;
	u->changed = affinity_interaction_journal_select(&part, &request);
	u->changed_no = number_part(u->changed, journal->items, no);
	part.wanted = ROLE_KNOWN;
	u->changed_before = affinity_interaction_journal_select(&part, &request);
	u->changed_before_no = number_part(u->changed_before, journal->items, no);
}

/*
 * Rates of repeats of new items, from those of the matrix.
 */
static void
rate_new_items(Renewal *r)
{
	const AffinityUpdate *u = &r->update;
	const float *rate = r->rate ? affinity_repeat_rates(u->now) : NULL;

	if (rate == NULL)
	{
		r->rate = NULL;
		return;
	}
	r->rate = affinity_base_zeroed_array(u->n_items - u->n_known,
										 sizeof(float));
	for (uint32 i = 0; i < u->now->n_items; i++)
	{
		if (u->now_no[i] >= u->n_known)
			r->rate[u->now_no[i] - u->n_known] = rate[i];
	}
}

/*
 * Read what there is to know: matrices, numbers of items, their users.
 */
void
affinity_renew_read(Renewal *r)
{
	affinity_parallel_progress_phase("reading", 0, 0);
	if (r->way == AFFINITY_UPDATE_CHANGES && r->has_mark)
		read_changes(r);
	else
		read_all(r);
	/* as if their rows were all: what is of use only must not lack memory */
	if (r->tells_changed &&
		r->rows * sizeof(AffinityJournalRow) * 2 <= affinity_base_memory_allowed())
		read_changed(r);
	rate_new_items(r);
	count_users(r);
}
