/*
 * subspace.h
 *		What the files of the room share; private to it.
 */
#ifndef AFFINITY_SPECTRUM_SUBSPACE_H
#define AFFINITY_SPECTRUM_SUBSPACE_H

#include "kernel/graph.h"
#include "parallel/team.h"
#include "spectrum/spectrum.h"
#include "train/train.h"

/* What all participants know: a region. The leader changes it in rounds. */
typedef struct SpectrumTask
{
	uint32		n_users;
	uint32		n_items;
	uint32		rank;			/* wanted */
	uint32		width;			/* vectors in the basis, at most */
	int			power;			/* multiplications, or 0: as many as it takes */
	bool		has_values;

	/* numbers of regions */
	int			start;
	int			col;
	int			val;
	int			user_factor;
	int			item_scale;
	int			basis;			/* X: n_items rows of width numbers */
	int			product;		/* A X */
	int			gram;			/* X'X and X'AX, then M: width x width each */
	int			value;			/* width eigenvalues */

	/* the state of a round */
	uint32		active;			/* vectors in X */
	uint32		kept;			/* columns of M: vectors that become X */
	int			round;
	int			degree;			/* of the filter; 0: plain multiplications */
	float		cut;			/* what is below is damped */
	bool		done;
} SpectrumTask;

#define SPECTRUM_TASK	0

#define TILE			AFFINITY_GRAPH_WIDTH

/* Multiplications before vectors are told from each other again. */
#define SPECTRUM_POWER	2

/* A participant. */
typedef struct Subspace
{
	AffinityTeam *team;
	SpectrumTask *task;
	const AffinityBlas *blas;
	AffinityGraph graph;
	uint32		n;				/* items */
	float	   *basis;
	float	   *product;
	double	   *gram;
	double	   *h;				/* X'AX, then the rotation's place */
	double	   *rotation;
	double	   *value;
	double	   *before;			/* leader: the values of the round before */

	/* a participant's own */
	float	   *tile[3];		/* TILE columns */
	double	   *rows;			/* ROWS rows of X */
	double	   *more;			/* and of what is computed with them */
	double	   *sum[2];			/* columns of G and H */
} Subspace;

/* filter.c: what comes out is the basis; and A times it */
extern void affinity_spectrum_filter(Subspace *s);

/* ritz.c: the leader */
typedef struct SpectrumRitz
{
	uint32		n;				/* vectors that there are */
	uint32		width;			/* numbers from row to row */
	double	   *gram;			/* lower triangles; destroyed */
	double	   *product;
	double	   *rotation;		/* rows become the combinations that are
								 * eigenvectors, the first one first */
	double	   *value;			/* their eigenvalues */
	uint32		found;
} SpectrumRitz;

extern Size affinity_spectrum_ritz_bytes(uint32 width);
extern void affinity_spectrum_ritz(SpectrumRitz *ritz);

/* subspace.c */
extern Size affinity_spectrum_subspace_bytes(uint32 n_items, uint32 width);
extern void affinity_spectrum_subspace_request(AffinityTeamRequest *request,
											   SpectrumTask *task);

#endif							/* AFFINITY_SPECTRUM_SUBSPACE_H */
