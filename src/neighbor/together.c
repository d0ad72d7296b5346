/*
 * together.c
 *		What is bought together: pairs of items that share baskets, with
 *		bounds of what a sample can say.
 *
 * The query gives baskets and items. With n baskets, n_a and n_b of them with
 * either item and n_ab with both,
 *
 *		support		n_ab / n
 *		confidence	n_ab / n_a, from below by Wilson's interval (1927)
 *		lift		n_ab n / (n_a n_b), from below by
 *					lift exp(-z sqrt(1/n_ab - 1/n_a - 1/n_b + (2 lift - 1) / n)),
 *
 *		extra		n_ab (1 - 1 / that)
 *
 * the variance being that of ln(lift) for multinomial counts, to first order
 * (delta method). Pairs are those whose lift is surely above 1. They come in
 * the order of extra, how many baskets with both are surely more than
 * chance: confidence leads with what everybody buys, and lift with what
 * hardly anybody does.
 */
#include "postgres.h"

#include <math.h>

#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"

#include "base/query.h"
#include "interaction/interaction.h"
#include "kernel/stats.h"
#include "neighbor/neighbor.h"

#define N_COLUMNS 9

/* Two items and how many baskets have both. */
typedef struct Together
{
	uint32		a;
	uint32		b;
	uint32		n;
	double		extra;			/* baskets beyond chance, at least */
} Together;

typedef struct TogetherState
{
	AffinityInteractions *in;	/* users are baskets */
	int64		min_support;
	int64		per_item;
	uint32	   *count;			/* baskets in common with an item */
	uint32	   *touched;
	uint64		work;
	Together   *one;			/* pairs of one item */
	Together   *pair;			/* all that are given */
	int64		n;
	int64		room;
} TogetherState;

static inline int64
baskets_of(const TogetherState *s, uint32 item)
{
	const AffinityCsr *m = &s->in->by_item;

	return m->start[item + 1] - m->start[item];
}

/* ---- order ------------------------------------------------------------- */

static inline int
compare_pairs(const Together *x, const Together *y)
{
	if (x->extra != y->extra)
		return x->extra > y->extra ? -1 : 1;
	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	return x->b < y->b ? -1 : x->b > y->b;
}

#define ST_SORT sort_pairs
#define ST_ELEMENT_TYPE Together
#define ST_COMPARE(a, b) compare_pairs(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* ---- bounds ------------------------------------------------------------ */

static double
lift_of(const TogetherState *s, const Together *pair)
{
	return (double) pair->n * s->in->by_user.n_rows /
		((double) baskets_of(s, pair->a) * (double) baskets_of(s, pair->b));
}

static double
lift_low(const TogetherState *s, const Together *pair)
{
	double		lift = lift_of(s, pair);
	double		variance = 1.0 / pair->n - 1.0 / baskets_of(s, pair->a) -
		1.0 / baskets_of(s, pair->b) +
		(2 * lift - 1) / s->in->by_user.n_rows;

	/* 0 where every basket has both */
	return lift * exp(-AFFINITY_Z_95 * sqrt(Max(variance, 0)));
}

static double
confidence_low(const TogetherState *s, const Together *pair)
{
	double		low;
	double		high;

	affinity_kernel_wilson(pair->n, baskets_of(s, pair->a), AFFINITY_Z_95,
						   &low, &high);
	return low;
}

/* ---- pairs ------------------------------------------------------------- */

/*
 * Count what shares baskets with an item; returns how many items do.
 */
static uint32
count_baskets(TogetherState *s, uint32 item)
{
	const AffinityCsr *by_item = &s->in->by_item;
	const AffinityCsr *by_user = &s->in->by_user;
	uint32		n = 0;

	for (int64 e = by_item->start[item]; e < by_item->start[item + 1]; e++)
	{
		uint32		basket = by_item->col[e];
		int64		start = by_user->start[basket];
		int64		end = by_user->start[basket + 1];

		for (int64 i = start; i < end; i++)
		{
			if (s->count[by_user->col[i]]++ == 0)
				s->touched[n++] = by_user->col[i];
		}
		affinity_base_look_after(&s->work, end - start);
	}
	return n;
}

static void
make_room(TogetherState *s, int64 n)
{
	if (s->n + n <= s->room)
		return;
	s->room = Max(2 * s->room, s->n + n);
	affinity_base_need_memory(mul_size(s->room, sizeof(Together)),
							  "use a higher min_support, or a smaller per_item",
							  "%lld pairs of items need", (long long) s->room);
	s->pair = repalloc_huge(s->pair, mul_size(s->room, sizeof(Together)));
}

/*
 * The best pairs of an item go to the others.
 */
static void
add_item(TogetherState *s, uint32 item)
{
	uint32		n_touched = count_baskets(s, item);
	int64		n = 0;

	for (uint32 t = 0; t < n_touched; t++)
	{
		Together	pair = {.a = item, .b = s->touched[t]};

		pair.n = s->count[pair.b];
		s->count[pair.b] = 0;
		if (pair.b == item || pair.n < s->min_support)
			continue;
		pair.extra = pair.n * (1 - 1 / lift_low(s, &pair));
		if (pair.extra > 0)
			s->one[n++] = pair;
	}
	sort_pairs(s->one, n);
	n = Min(n, s->per_item);
	make_room(s, n);
	memcpy(s->pair + s->n, s->one, n * sizeof(Together));
	s->n += n;
}

static void
find_pairs(TogetherState *s)
{
	uint32		n_items = s->in->by_item.n_rows;

	s->count = affinity_base_zeroed_array(n_items, sizeof(uint32));
	s->touched = affinity_base_array(n_items, sizeof(uint32));
	s->one = affinity_base_array(n_items, sizeof(Together));
	s->room = 1024;
	s->pair = affinity_base_array(s->room, sizeof(Together));
	for (uint32 item = 0; item < n_items; item++)
	{
		affinity_base_look_up(item);
		if (baskets_of(s, item) >= s->min_support)
			add_item(s, item);
	}
	sort_pairs(s->pair, s->n);
}

static void
put_pairs(const TogetherState *s, ReturnSetInfo *result)
{
	Oid			type = affinity_dictionary_type(s->in->items);
	Oid			output;
	bool		varlena;
	MemoryContext row = AllocSetContextCreate(CurrentMemoryContext,
											  "affinity pair",
											  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(row);

	getTypeOutputInfo(type, &output, &varlena);
	for (int64 i = 0; i < s->n; i++)
	{
		const Together *pair = &s->pair[i];
		const uint32 item[] = {pair->a, pair->b};
		Datum		values[N_COLUMNS];
		bool		nulls[N_COLUMNS] = {0};

		affinity_base_look_up(i);
		for (int c = 0; c < 2; c++)
		{
			Datum		id = affinity_dictionary_id(s->in->items, item[c]);

			values[c] = type == TEXTOID ? id :
				CStringGetTextDatum(OidOutputFunctionCall(output, id));
		}
		values[2] = Int64GetDatum(pair->n);
		values[3] = Float8GetDatum((double) pair->n / s->in->by_user.n_rows);
		values[4] = Float8GetDatum((double) pair->n / baskets_of(s, pair->a));
		values[5] = Float8GetDatum(confidence_low(s, pair));
		values[6] = Float8GetDatum(lift_of(s, pair));
		values[7] = Float8GetDatum(lift_low(s, pair));
		values[8] = Float8GetDatum(pair->extra);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
		MemoryContextReset(row);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(row);
}

/* ---- the query ---------------------------------------------------------- */

#define EXAMPLE "Write it like: SELECT order_id, product_id FROM order_lines."

static void
not_baskets(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("baskets must be one SELECT that gives basket and item"),
			 errhint(EXAMPLE)));
}

/*
 * The expression of a column as a type that ids are kept as.
 */
static char *
id_column(TupleDesc desc, int column, const char *role, const char *name)
{
	const		FormData_pg_attribute *attribute = TupleDescAttr(desc, column);
	const char *own = NameStr(attribute->attname);
	AffinityIdGiven given = {
		.type = attribute->atttypid,
		.typmod = attribute->atttypmod,
		.collation = attribute->attcollation,
		.role = psprintf("%s column \"%s\"", role, own),
		.sql = quote_identifier(own),
		.place = AFFINITY_ID_COLUMN
	};
	AffinityIdKind kind;
	Oid			kept =
		affinity_base_id_kept(affinity_base_id_check(&given, &kind));

	return psprintf("q.%s::%s", name, format_type_be_qualified(kept));
}

/*
 * The query as the reader of interactions takes it: is it one SELECT of two
 * columns?
 */
static char *
basket_query(const char *query)
{
	SPIPlanPtr	plan = affinity_base_query_prepare(query, EXAMPLE);
	CachedPlanSource *source;
	RawStmt    *raw;
	int			len;

	if (plan == NULL)
		not_baskets();
	if (list_length(SPI_plan_get_plan_sources(plan)) != 1)
		not_baskets();
	source = linitial(SPI_plan_get_plan_sources(plan));
	raw = source->raw_parse_tree;
	if (raw == NULL || !IsA(raw->stmt, SelectStmt) ||
		source->resultDesc == NULL || source->resultDesc->natts != 2)
		not_baskets();
	len = raw->stmt_len > 0 ? raw->stmt_len :
		(int) strlen(query) - raw->stmt_location;
	/* a comment may end the text: the parenthesis needs a line of its own */
	return psprintf("SELECT %s, %s, 1::pg_catalog.float4 FROM (\n%s\n) AS q(basket, item)",
					id_column(source->resultDesc, 0, "basket", "basket"),
					id_column(source->resultDesc, 1, "item", "item"),
					pnstrdup(query + raw->stmt_location, len));
}

static int64
positive_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	int64		value = PG_ARGISNULL(arg) ? 0 : PG_GETARG_INT64(arg);

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name),
				 errhint("Leave it out for the default.")));
	if (value < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be at least 1, not %lld", name,
						(long long) value)));
	return value;
}

PG_FUNCTION_INFO_V1(affinity_neighbor_together);

/*
 * SQL: bought_together(query, min_support, per_item).
 */
Datum
affinity_neighbor_together(PG_FUNCTION_ARGS)
{
	AffinityReadRequest request = {.read_only = true};
	TogetherState state = {0};
	char	   *query;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("query must not be null"),
				 errhint(EXAMPLE)));
	query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	state.min_support = positive_arg(fcinfo, 1, "min_support");
	state.per_item = positive_arg(fcinfo, 2, "per_item");
	InitMaterializedSRF(fcinfo, 0);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	request.query = basket_query(query);
	request.max_bytes = (int64) affinity_base_memory_allowed();
	state.in = affinity_interaction_read(&request);
	find_pairs(&state);
	put_pairs(&state, (ReturnSetInfo *) fcinfo->resultinfo);
	SPI_finish();
	return (Datum) 0;
}
