/*
 * explain_hints.c
 *		What explain_call advises: what would make a call faster, or its list
 *		longer.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "advice/advice.h"
#include "manage/manage.h"
#include "serve/explain_call.h"

/*
 * What would make the history faster to read.
 */
static void
advise_history(Report *r)
{
	const AffinityModel *model = r->call.model;
	AffinityAdvice advice;
	ListCell   *cell;

	if (model->kept || OidIsValid(model->local) || !model->trained ||
		!r->is_user)
		return;
	affinity_advice_find(psprintf("SELECT h.item_id, h.weight FROM %s AS h WHERE h.user_id OPERATOR(pg_catalog.=) $1",
								  affinity_serve_history_relation(model)),
						 model->user_type, "user", r->users,
						 AFFINITY_SLOW_HISTORY, &advice);
	if (!advice.slow)
		return;
	foreach(cell, advice.reasons)
		affinity_serve_say(r, "hint", "history", "%s", (char *) lfirst(cell));
	foreach(cell, advice.statements)
		affinity_serve_say(r, "hint", "history", "Run: %s;", (char *) lfirst(cell));
	if (advice.statements == NIL)
		affinity_serve_say(r, "hint", "history", "Run: SELECT affinity.alter_model(%s, materialize => true);",
						   quote_literal_cstr(r->name));
}

static void
advise_answer(Report *r)
{
	const AffinityModel *model = r->call.model;
	const char *refresh = psprintf("SELECT affinity.refresh_model(%s);",
								   quote_literal_cstr(r->name));

	if (!model->trained)
	{
		affinity_serve_say(r, "hint", "model", "Run: %s", refresh);
		return;
	}
	if (r->is_user && r->rows == 0)
		affinity_serve_say(r, "hint", "history", "%s shows no row of this user to role \"%s\": policies and grants of what it reads are those of the caller.",
						   affinity_serve_history_relation(model),
						   GetUserNameFromId(GetUserId(), false));
	else if (r->rows > 0 && r->n_counting == 0)
		affinity_serve_say(r, "hint", "history", "All weights of the user's rows are NULL, or not above 0: see the column weight of %s.",
						   affinity_serve_history_relation(model));
	else if (r->n_counting > 0 && r->n_known == 0)
		affinity_serve_say(r, "hint", "history", "The items are newer than the model, or below its limits. For newer ones, run: %s",
						   refresh);
	if (r->candidates && r->n_candidates == 0)
		affinity_serve_say(r, "hint", "candidates", "Ids are compared with the column item_id of %s.",
						   quote_qualified_identifier(model->schema_name, "items"));
	else if (r->n_result < r->k)
		affinity_serve_say(r, "hint", "rows", "There are fewer than k: what is seen, excluded, no candidate or not allowed by rules leaves no more.");
	if (r->reads_factors)
		affinity_serve_say(r, "hint", "process", "A new process reads the factors of all items first: let connections be reused, by a pool.");
}

void
affinity_serve_advise(Report *r)
{
	advise_history(r);
	advise_answer(r);
}
