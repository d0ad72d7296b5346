/*
 * update.h
 *		What is new since the training, for algorithms that need none to take it
 *		in. Part of train.h, after the types that it uses.
 */
#ifndef AFFINITY_TRAIN_UPDATE_H
#define AFFINITY_TRAIN_UPDATE_H

/* What an algorithm needs to bring items up to date without a training. */
typedef enum AffinityUpdateWay
{
	AFFINITY_UPDATE_NOT,		/* it cannot */
	AFFINITY_UPDATE_CHANGES,	/* the histories of users with new rows */
	AFFINITY_UPDATE_WHOLE		/* all interactions */
} AffinityUpdateWay;

/*
 * A model that is brought up to date. Items have the model's numbers, those
 * that are new the last ones; in the matrices they are numbered in order of id.
 */
typedef struct AffinityUpdate
{
	AffinityInteractions *now;	/* whole histories of users with new rows; or
								 * all interactions */
	AffinityInteractions *before;	/* what the model has of them; NULL: now
									 * is all interactions */
	const uint32 *now_no;		/* numbers of their items */
	const uint32 *before_no;

	/*
	 * Where now is all interactions, and times tell: the whole histories of
	 * users with new rows, and what the model has of them. NULL: not known.
	 */
	AffinityInteractions *changed;
	AffinityInteractions *changed_before;
	const uint32 *changed_no;
	const uint32 *changed_before_no;
	uint32		n_items;
	uint32		n_known;		/* without those that are new */
	uint32		n_trained;		/* without those that came after the training */
	double		users;			/* of the model, now */
	const float *popularity;	/* users of each item, now */
	bool	   *due;			/* items that are to be brought up to date:
								 * their users are others, by enough. What the
								 * algorithm takes from it waits */
	const float *stored_users;	/* of each item, when its row was written */

	/*
	 * What the change of an item's users stands for: more than itself, where
	 * some waited.
	 */
	const float *stands_for;

	/* what the model has of an item, until the next call; false: it is new */
	bool		(*stored) (struct AffinityUpdate *update, uint32 item,
						   AffinityItemRow *row);

	/*
	 * Users of items before this update, and by how many each refresh since
	 * the training, from 1 on, changed them: so it is known how many items
	 * had when the row of another was written.
	 */
	int			n_refreshes;
	const float *known;
	const int32 *written;		/* the refresh that wrote an item's row; 0:
								 * the training */
	uint32		(*changes) (struct AffinityUpdate *update, int refresh,
							const int32 **item, const int32 **users);
	/* all factors of what the model had before, and its parameters */
	const AffinityFactors *factors;
	/* a figure of the version that is replaced; NaN where there is none */
	double		(*figure) (struct AffinityUpdate *update, const char *name);
	bool		measure;		/* is it time to measure the drift? */
	double		drift;			/* where the algorithm has measured it; NaN:
								 * by its lists, see exact */

	/*
	 * writes a row of which lists, where they are not NULL, and factors,
	 * where there are some, are new
	 */
	void		(*put) (struct AffinityUpdate *update,
						const AffinityItemRow *row);
} AffinityUpdate;

#endif							/* AFFINITY_TRAIN_UPDATE_H */
