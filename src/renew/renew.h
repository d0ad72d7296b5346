/*
 * renew.h
 *		Bringing a model up to date without a training. Nothing here is for other
 *		rooms: it is reached by SQL.
 */
#ifndef AFFINITY_RENEW_H
#define AFFINITY_RENEW_H

#include "postgres.h"

#include "access/tableam.h"
#include "executor/tuptable.h"

#include "manage/manage.h"
#include "model/model.h"

/* A refresh: the items that changed, those that were written first. */
typedef struct RenewRefresh
{
	uint32		n;
	uint32		written;
	const int32 *item;
	const int32 *users;			/* by how many each one's users changed */
} RenewRefresh;

/* What refreshes since the training did: see past.c. */
typedef struct RenewPast
{
	int			n;				/* refreshes */
	RenewRefresh *refresh;
	int32	   *written;		/* by item: the last one that wrote its row, 0
								 * being the training */
	double	   *waiting;		/* by how many its users changed since then */
} RenewPast;

typedef struct RenewWriter RenewWriter;

/* A refresh on its way. */
typedef struct Renewal
{
	AffinityUpdate update;		/* first: what algorithms are given is this */
	const char *name;
	ModelExisting *existing;
	AffinityModel *model;		/* as it was */
	Datum	   *values;			/* of its row */
	Jsonb	   *training;
	AffinityUpdateWay way;
	TimestampTz started;

	/* rows later than this are new; by the type of the source's times */
	bool		has_mark;
	int64		mark;

	/* the users who have some, as an array; too many: all is read instead */
	Datum		users;
	uint64		n_users;
	bool		too_many;
	bool		tells_changed;	/* who they are counts beside the whole */

	/* of the source */
	const char *from;
	int64		newest;			/* of the rows that were read */
	bool		has_newest;
	double		new_rows;
	double		new_users;
	double		rows;			/* all of them; NaN: not known */

	/* of the items, by number, those that are new too */
	Datum	   *id;				/* NULL: only those that are new are known */
	Datum	   *new_id;
	ItemPointerData *tid;		/* of those that were looked up */
	float	   *stored;			/* popularity of the row */
	float	   *known;			/* users before this refresh */
	float	   *popularity;		/* and now */
	float	   *rate;			/* of repeats, of new items; NULL: none */
	bool	   *due;
	bool	   *is_written;
	float	   *stands_for;
	uint32		n_written;
	RenewPast	past;
	RenewWriter *writer;
} Renewal;

/* The number of an item that the model lacks. */
#define RENEW_NOWHERE	PG_UINT32_MAX

/* source.c */
extern char *affinity_renew_users_condition(const Renewal *r,
											const char *keyword,
											const char *column);
extern void affinity_renew_look(Renewal *r, bool all_if_many);
extern void affinity_renew_read(Renewal *r);
extern int64 affinity_renew_since(const Renewal *r);
extern int64 affinity_renew_latest(const Renewal *r);
extern bool affinity_renew_has_days(const ModelDefinition *d);
extern uint32 *affinity_renew_numbers(Renewal *r,
									  const AffinityInteractions *in);

/* past.c */
extern void affinity_renew_past_read(Renewal *r);
extern uint32 affinity_renew_past_changes(AffinityUpdate *u, int refresh,
										  const int32 **item,
										  const int32 **users);
extern void affinity_renew_past_write(const Renewal *r);

/* items.c */
extern void affinity_renew_items_read(Renewal *r);
extern uint32 *affinity_renew_items_find(Renewal *r, const AffinityDict *ids);
extern void affinity_renew_items_append(Renewal *r, const AffinityDict *ids,
										const uint32 *no, uint32 n);
extern bool affinity_renew_items_stored(AffinityUpdate *u, uint32 item,
										AffinityItemRow *row);

/* write.c */
extern void affinity_renew_items_open(Renewal *r);
extern void affinity_renew_items_begin(Renewal *r);
extern void affinity_renew_items_put(AffinityUpdate *u,
									 const AffinityItemRow *row);
extern void affinity_renew_items_end(Renewal *r);

/* sample.c */
extern bool affinity_renew_measures(const Renewal *r);
extern double affinity_renew_drift(Renewal *r);

#endif							/* AFFINITY_RENEW_H */
