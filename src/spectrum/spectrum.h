/*
 * spectrum.h
 *		The first eigenvectors of the graph of items: what tastes most users
 *		have in common.
 */
#ifndef AFFINITY_SPECTRUM_H
#define AFFINITY_SPECTRUM_H

#include "interaction/interaction.h"

/* More than this many are not asked for. */
#define AFFINITY_SPECTRUM_MOST	2048

typedef struct AffinitySpectrumRequest
{
	uint32		rank;			/* how many; fewer are found where there are
								 * no more */
	double		user_exponent;	/* how much less a user with many items counts */
	int			power;			/* multiplications that random vectors get; 0:
								 * until eigenvalues stand still */
	int			max_workers;	/* as for a team */
	Size		held;			/* bytes that the caller has beside */
	const char *otherwise;		/* what to do where memory lacks */
} AffinitySpectrumRequest;

/* In the memory context of the caller. */
typedef struct AffinitySpectrum
{
	uint32		n_items;
	uint32		rank;			/* found */
	double	   *value;			/* eigenvalues, descending, above 0 */
	float	   *vector;			/* n_items rows of rank numbers */
	double	   *degree;			/* of items: sums of their values */
} AffinitySpectrum;

/* The values of `in` as they are: what counts is the caller's business. */
extern AffinitySpectrum *affinity_spectrum_find(const AffinityInteractions *in,
												const AffinitySpectrumRequest *request);
extern void affinity_spectrum_free(AffinitySpectrum *spectrum);

#endif							/* AFFINITY_SPECTRUM_H */
