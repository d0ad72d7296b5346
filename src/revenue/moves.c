/*
 * moves.c
 *		The movements of each period, from the levels of each customer.
 *
 * A customer's amount is constant between two levels, so a customer costs as
 * many steps as its amount changes, however many periods there are. What holds
 * over several periods is added where it begins and taken off where it ends.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "revenue/revenue.h"

/* 114 years of hours; the report keeps all of its periods. */
#define MAX_PERIODS 1000000

/* An amount as money: to the nearest, halves away from 0. */
static int128
money_of(int128 amount)
{
	const int128 one = (int128) 1 << VALUE_SCALE_BITS;
	int128		size = amount < 0 ? -amount : amount;
	int128		part = (size & (one - 1)) * MONEY_ONE;
	int128		money = (size >> VALUE_SCALE_BITS) * MONEY_ONE +
		((part + one / 2) >> VALUE_SCALE_BITS);

	return amount < 0 ? -money : money;
}

/* What a customer brings in: nothing where it gets money back. */
static inline int128
paid(int128 money)
{
	return Max(money, 0);
}

/* Add a customer's movement from one level to the next. */
static void
add_move(RevenueMoves *at, int128 from, int128 to, bool *known)
{
	if (from == 0 && *known)
	{
		at->reactivated += to;
		at->n_reactivated++;
	}
	else if (from == 0)
	{
		at->fresh += to;
		at->n_fresh++;
		*known = true;
	}
	else if (to == 0)
	{
		at->churned += from;
		at->n_churned++;
	}
	else if (to > from)
	{
		at->expansion += to - from;
		at->n_expansion++;
	}
	else
	{
		at->contraction += from - to;
		at->n_contraction++;
	}
}

/* Add a customer's movements; levels are money. */
static void
add_moves(RevenueMoves *moves, uint32 first, const ActivityLevel *levels,
		  uint32 n)
{
	int128		last = 0;
	bool		known = false;

	for (uint32 i = 0; i < n; i++)
	{
		RevenueMoves *at = &moves[levels[i].period - first];
		int128		money = levels[i].amount;

		affinity_base_look_up(i);
		if (paid(money) != paid(last))
			add_move(at, paid(last), paid(money), &known);
		at->negative += (money - paid(money)) - (last - paid(last));
		last = money;
	}
}

/* Add what a customer is compared with so many periods before. */
static void
add_trailing(RevenueMoves *moves, uint32 first, uint32 last_period,
			 uint32 trailing, const ActivityLevel *levels, uint32 n)
{
	RevenueMoves last = {0};
	int128		now = 0;
	int128		then = 0;
	uint32		i = 0;
	uint32		j = 0;

	/* most customers are not older than that */
	if (n == 0 || (uint64) levels[0].period + trailing > last_period)
		return;
	for (;;)
	{
		uint64		of_now = i < n ? levels[i].period : PG_UINT64_MAX;
		uint64		of_then = j < n ? (uint64) levels[j].period + trailing
			: PG_UINT64_MAX;
		uint64		period = Min(of_now, of_then);
		RevenueMoves own = {0};
		RevenueMoves *at;

		affinity_base_look_up(i + j);
		if (period > last_period)
			break;
		if (of_now == period)
			now = paid(levels[i++].amount);
		if (of_then == period)
			then = paid(levels[j++].amount);
		if (j == 0)
			continue;
		if (then > 0)
		{
			own.kept = now;
			own.gross = Min(now, then);
			own.n_lost = now == 0;
		}
		at = &moves[period - first];
		at->kept += own.kept - last.kept;
		at->gross += own.gross - last.gross;
		at->n_lost += own.n_lost - last.n_lost;
		last = own;
	}
}

/*
 * The movements of the periods from the reader's first one on. With ranges
 * customers' amounts go on until as_of.
 */
RevenueMoves *
affinity_revenue_moves(ActivityReader *reader, uint32 span, uint32 trailing)
{
	const ActivityView *view = &reader->view;
	uint32		first = reader->first_period;
	ActivityLevel *levels;
	RevenueMoves *moves;

	if (span > MAX_PERIODS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("this report would have %u periods", span),
				 errhint("Aggregate by a coarser unit, or leave out rows with mistaken times.")));
	levels = affinity_base_array(affinity_activity_levels_room(view),
								 sizeof(ActivityLevel));
	moves = affinity_base_zeroed_array(span, sizeof(RevenueMoves));
	for (uint32 user = 0; user < view->flat->n_users; user++)
	{
		uint32		n = affinity_activity_levels(reader, user, levels);

		for (uint32 i = 0; i < n; i++)
		{
			affinity_base_look_up(i);
			levels[i].amount = money_of(levels[i].amount);
		}
		add_moves(moves, first, levels, n);
		add_trailing(moves, first, reader->last_period, trailing, levels, n);
	}
	for (uint32 p = 1; p < span; p++)
	{
		affinity_base_look_up(p);
		moves[p].negative += moves[p - 1].negative;
		moves[p].kept += moves[p - 1].kept;
		moves[p].gross += moves[p - 1].gross;
		moves[p].n_lost += moves[p - 1].n_lost;
	}
	return moves;
}
