/*
 * segment.c
 *		rfm_segment: the usual name of a customer with scores of recency,
 *		frequency and monetary value from 1 to 5.
 *
 * The map of 125 codes to 11 names is the one that most tools of marketing
 * have; docs/customers.md lists it.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#define SCORES 5

PG_FUNCTION_INFO_V1(affinity_customer_rfm_segment);

/* By recency, then frequency; one letter for each score of monetary value. */
static const char *const segments[SCORES][SCORES] = {
	{"ZZXXX", "ZHHAA", "ZHAAA", "ZAAXA", "ZAAXX"},
	{"HHSXX", "SHHAA", "SHHAA", "SAAAA", "SAAAA"},
	{"NSMMM", "SHPWW", "SHPWL", "PPWLL", "PPPLL"},
	{"NNMMM", "NNPMM", "PPPWL", "PPWLC", "PPPCC"},
	{"NNMMM", "MMMMM", "PPPWW", "PPLCC", "PPPCC"}
};

static const char *
segment_name(char letter)
{
	switch (letter)
	{
		case 'C':
			return "Champions";
		case 'L':
			return "Loyal";
		case 'P':
			return "Potential Loyalist";
		case 'N':
			return "New Customers";
		case 'M':
			return "Promising";
		case 'W':
			return "Need Attention";
		case 'S':
			return "About To Sleep";
		case 'A':
			return "At Risk";
		case 'X':
			return "Cannot Lose Them";
		case 'H':
			return "Hibernating";
		default:
			return "Lost";
	}
}

static int
score_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	int64		score = PG_GETARG_INT64(arg);

	if (score < 1 || score > SCORES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be from 1 to %d, but is %lld", name, SCORES,
						(long long) score),
				 errhint("Scores are quintiles: affinity.quantile_bin(value, 5) OVER (ORDER BY value).")));
	return (int) score - 1;
}

/* rfm_segment(r, f, m), strict */
Datum
affinity_customer_rfm_segment(PG_FUNCTION_ARGS)
{
	int			r = score_arg(fcinfo, 0, "r");
	int			f = score_arg(fcinfo, 1, "f");
	int			m = score_arg(fcinfo, 2, "m");

	PG_RETURN_TEXT_P(cstring_to_text(segment_name(segments[r][f][m])));
}
