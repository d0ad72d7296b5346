/*
 * community.h
 *		Members and the edges between them: rows of a query, graphs, and the
 *		communities that are found in them.
 */
#ifndef AFFINITY_COMMUNITY_H
#define AFFINITY_COMMUNITY_H

#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"

#include "calendar/calendar.h"
#include "interaction/interaction.h"

/* ---- read.c ------------------------------------------------------------ */

/* What the third column of a query is. */
typedef enum CommunityThird
{
	COMMUNITY_WEIGHT,			/* 1 where there is none */
	COMMUNITY_TIME,
	COMMUNITY_NOTHING			/* there must be none */
} CommunityThird;

/* The number of a member that there is not, and the time of no time. */
#define COMMUNITY_NOBODY	PG_UINT32_MAX
#define COMMUNITY_NO_TIME	PG_INT64_MAX

/*
 * A row of a query: two members, by their numbers in the order of ids. A
 * weight is 0 or above, so that its bits have its order.
 */
typedef struct CommunityRow
{
	uint32		a;
	uint32		b;
	union
	{
		double		weight;
		int64		at;			/* us; COMMUNITY_NO_TIME: none */
		int64		order;
	};
} CommunityRow;

typedef struct CommunityRequest
{
	const char *query;
	const char *what;			/* what the rows are, for messages: "edges" */
	const char *example;		/* a query, for hints */
	CommunityThird third;
	bool		first_may_be_null;	/* then a is COMMUNITY_NOBODY */
	bool		labels;			/* the second column is no member */
	Size		row_bytes;		/* memory that the work takes for a row */
	Size		member_bytes;	/* and for a member */
} CommunityRequest;

typedef struct CommunityRows
{
	AffinityDict *members;		/* bigint, uuid or text */
	AffinityDict *labels;		/* of the second column, or NULL */
	CommunityRow *row;
	int64		n;
	int64		room;
	int64		skipped;		/* with a NULL, which were left out */
	Oid			at_type;		/* of the times, or InvalidOid */
	uint32		n_members;
} CommunityRows;

extern void affinity_community_read(const CommunityRequest *request,
									CommunityRows *rows);
extern void affinity_community_rank(CommunityRows *rows);
extern char *affinity_community_query_arg(FunctionCallInfo fcinfo, int arg,
										  const CommunityRequest *request);

/* ---- ids.c ------------------------------------------------------------- */

/* Members as values of the type that a caller named. */
typedef struct CommunityIds
{
	const AffinityDict *members;
	Oid			type;
	FmgrInfo	output;			/* where a number or a uuid becomes text */
	bool		as_text;
} CommunityIds;

extern void affinity_community_ids(FunctionCallInfo fcinfo, int arg,
								   const AffinityDict *members,
								   CommunityIds *ids);
extern Datum affinity_community_id(CommunityIds *ids, uint32 member);
extern double affinity_community_number_arg(FunctionCallInfo fcinfo, int arg,
											const char *name);

/* ---- sort.c ------------------------------------------------------------ */

extern void affinity_community_sort(CommunityRow *row, int64 n,
									uint32 n_members);
extern void affinity_community_sum(CommunityRows *rows);
extern void affinity_community_scale(CommunityRows *rows, int *exponent);

/* ---- graph.c ----------------------------------------------------------- */

/*
 * A graph without directions: each edge stands with both of its ends, in the
 * order of the other one.
 */
typedef struct CommunityGraph
{
	uint32		n;
	int64	   *start;			/* n + 1 offsets into other and weight */
	uint32	   *other;
	double	   *weight;			/* above 0 */
	double	   *loop;			/* edges of a member with itself */
	double	   *strength;		/* weights of all edges, loops twice */
	double		total;			/* strengths of all, twice the weight */
} CommunityGraph;

extern void affinity_community_graph(CommunityRows *rows,
									 CommunityGraph *graph);
extern void affinity_community_strengths(CommunityGraph *graph);
extern uint32 affinity_community_parts(const CommunityGraph *graph,
									   uint32 *community, uint32 n);
extern double affinity_community_modularity(const CommunityGraph *graph,
											const uint32 *community, uint32 n,
											double resolution);

/* ---- leiden.c, level.c, label.c ---------------------------------------- */

typedef struct CommunityOptions
{
	double		resolution;
	bool		cpm;			/* not modularity */
	int			exponent;		/* weights were multiplied by this power of 2 */
	uint64		seed;
	int64		iterations;		/* at most; 0: as many as are worth it */
} CommunityOptions;

/* Numbers that follow from a seed alone. */
typedef struct CommunityRandom
{
	uint64		state;
} CommunityRandom;

/* A number below n, which is above 0. */
static inline uint32
affinity_community_draw(CommunityRandom *random, uint32 n)
{
	random->state += AFFINITY_SPLITMIX64_STEP;
	return (uint32) (((affinity_base_splitmix64(random->state) >> 32) * n) >> 32);
}

extern void affinity_community_shuffle(CommunityRandom *random, uint32 n,
									   uint32 *order);
extern uint32 affinity_community_leiden(const CommunityGraph *graph,
										const CommunityOptions *options,
										uint32 *community);
extern uint32 affinity_community_propagate(const CommunityGraph *graph,
										   const CommunityOptions *options,
										   uint32 *community);

/* ---- links.c ----------------------------------------------------------- */

/*
 * A graph with directions: each link with both of its ends.
 */
typedef struct CommunityLinks
{
	uint32		n;
	const CommunityRow *out;	/* by a, then b */
	int64	   *out_start;		/* n + 1 offsets into out */
	int64	   *in_start;		/* and into in_from and in_weight */
	uint32	   *in_from;		/* ascending for each member */
	double	   *in_weight;
} CommunityLinks;

extern const CommunityRequest affinity_community_edges;

extern void affinity_community_links(CommunityRows *rows, bool loops,
									 CommunityLinks *links);
extern uint32 *affinity_community_cores(const CommunityLinks *links);

/* ---- referral.c -------------------------------------------------------- */

/* Who came through whom, each member once. */
typedef struct CommunityTree
{
	uint32		n;
	bool	   *is_member;		/* others were invited and did not come */
	bool	   *in_cycle;
	int64	   *joined_at;		/* COMMUNITY_NO_TIME: not known */
	uint32	   *inviter;		/* COMMUNITY_NOBODY: came alone */
	uint32	   *invitations;	/* members and others invited */
	uint32	   *joined;			/* who came through the member */
	uint32	   *below;			/* and through those, and so on */
	uint32	   *root;
	uint32	   *depth;
} CommunityTree;

extern const CommunityRequest affinity_community_invitations;

extern void affinity_community_tree(CommunityRows *rows, CommunityTree *tree);

#endif							/* AFFINITY_COMMUNITY_H */
