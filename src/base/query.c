/*
 * query.c
 *		Errors of a query that is an argument.
 */
#include "postgres.h"

#include "base/query.h"

/*
 * Is this a query at all, though not a right one? That is for its error to
 * say, which may have a hint of its own.
 */
static bool
begins_as_query(const char *text)
{
	static const char *const words[] = {"select", "with", "values", "table"};
	size_t		len;

	for (;;)
	{
		text += strspn(text, " \t\n\r\f\v(");
		if (text[0] == '-' && text[1] == '-')
			text += strcspn(text, "\r\n");
		else if (text[0] == '/' && text[1] == '*' && strstr(text + 2, "*/"))
			text = strstr(text + 2, "*/") + 2;
		else
			break;
	}
	len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789$");
	for (int i = 0; i < (int) lengthof(words); i++)
	{
		if (len == strlen(words[i]) && pg_strncasecmp(text, words[i], len) == 0)
			return true;
	}
	return false;
}

/*
 * Error context while such a query is parsed: the error points into it, not
 * into the caller's statement, and if it is no query at all (the name of a
 * table, say), what one looks like is the hint.
 */
void
affinity_base_query_error(void *arg)
{
	const AffinityQueryContext *context = arg;
	int			position = geterrposition();

	if (!context->by_spi && position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(context->query);
	}
	if (geterrcode() == ERRCODE_SYNTAX_ERROR &&
		!begins_as_query(context->query))
		errhint("%s", context->hint);
}

/*
 * The plan of such a query; the hint is of what is none.
 */
SPIPlanPtr
affinity_base_query_prepare(const char *query, const char *hint)
{
	AffinityQueryContext context = {query, true, hint};
	ErrorContextCallback callback = {
		.previous = error_context_stack,
		.callback = affinity_base_query_error,
		.arg = &context
	};
	SPIPlanPtr	plan;

	error_context_stack = &callback;
	plan = SPI_prepare(query, 0, NULL);
	error_context_stack = callback.previous;
	return plan;
}
