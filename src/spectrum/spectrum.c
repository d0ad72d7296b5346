/*
 * spectrum.c
 *		The graph of items that share users, and its first eigenvectors.
 *
 * With X the interactions, users by rows, D_U and D_I their sums by users and
 * by items, and e the user exponent (1 in the literature), the graph is
 *
 *		A = S'S,  S = D_U^(-e/2) X D_I^(-1/2).
 *
 * Its eigenvectors are the right singular vectors of S; with e = 1 the first
 * eigenvalue is 1. Scores by the first ones are the ideal low pass of the
 * theory of signals on graphs (Shen et al., "How Powerful is Graph
 * Convolution for Recommendation?", 2021).
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "spectrum/subspace.h"

/*
 * Vectors beside those that are wanted: an eighth, so that the last come out.
 * Where they need not, there are none.
 */
static uint32
basis_width(uint32 n_items, uint32 rank, int power)
{
	uint32		width = power > 0 ? rank : rank + rank / 8 + 8;

	width = (width + AFFINITY_GRAPH_WIDTH - 1) / AFFINITY_GRAPH_WIDTH *
		AFFINITY_GRAPH_WIDTH;
	return Min(width, n_items);
}

static void
check_memory(const AffinityInteractions *in,
			 const AffinitySpectrumRequest *request, uint32 width)
{
	Size		entries = (Size) in->by_user.start[in->by_user.n_rows];
	Size		bytes = add_size(request->held,
								 affinity_spectrum_subspace_bytes(in->by_item.n_rows,
																  width));

	bytes = add_size(bytes, mul_size(entries, sizeof(uint32) +
									 (in->by_user.val ? sizeof(float) : 0)));
	bytes = add_size(bytes, mul_size(in->by_user.n_rows, 3 * sizeof(double)));
	bytes = add_size(bytes, mul_size(in->by_item.n_rows, 2 * sizeof(double)));
	bytes = add_size(bytes, mul_size(mul_size(in->by_item.n_rows,
											  Min(request->rank,
												  in->by_item.n_rows)),
									 sizeof(float)));
	affinity_base_need_memory(bytes, request->otherwise,
							  "%u eigenvectors of %u items need",
							  request->rank, in->by_item.n_rows);
}

static double
row_sum(const AffinityCsr *m, uint32 row)
{
	double		sum = 0;

	for (int64 e = m->start[row]; e < m->start[row + 1]; e++)
		sum += m->val ? m->val[e] : 1;
	return sum;
}

/* What a graph is made of, in double. */
typedef struct Scales
{
	double	   *user;			/* d_u^-e */
	double	   *item;			/* d_i^-1/2 */
	double	   *degree;			/* d_i */
	double		largest;		/* no eigenvalue is above it */
} Scales;

/*
 * The largest sum of a row of A: of that all numbers are scaled by, so that
 * none leaves the range of a real.
 */
static void
find_scales(const AffinityInteractions *in, double exponent, Scales *s)
{
	const AffinityCsr *by_user = &in->by_user;
	const AffinityCsr *by_item = &in->by_item;
	double	   *total;

	s->user = affinity_base_array(by_user->n_rows, sizeof(double));
	s->item = affinity_base_array(by_item->n_rows, sizeof(double));
	s->degree = affinity_base_array(by_item->n_rows, sizeof(double));
	total = affinity_base_array(by_user->n_rows, sizeof(double));
	for (uint32 i = 0; i < by_item->n_rows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		s->degree[i] = row_sum(by_item, i);
		s->item[i] = s->degree[i] > 0 ? 1 / sqrt(s->degree[i]) : 0;
	}
	for (uint32 u = 0; u < by_user->n_rows; u++)
	{
		double		d = row_sum(by_user, u);

		CHECK_FOR_INTERRUPTS();
		s->user[u] = d > 0 ? pow(d, -exponent) : 0;
		total[u] = 0;
		for (int64 e = by_user->start[u]; e < by_user->start[u + 1]; e++)
			total[u] += (by_user->val ? by_user->val[e] : 1) *
				s->item[by_user->col[e]];
		total[u] *= s->user[u];
	}
	s->largest = 0;
	for (uint32 i = 0; i < by_item->n_rows; i++)
	{
		double		sum = 0;

		CHECK_FOR_INTERRUPTS();
		for (int64 e = by_item->start[i]; e < by_item->start[i + 1]; e++)
			sum += (by_item->val ? by_item->val[e] : 1) *
				total[by_item->col[e]];
		s->largest = Max(s->largest, sum * s->item[i]);
	}
	if (!(s->largest > 0))
		s->largest = 1;
	pfree(total);
}

/*
 * A copy of the interactions into the regions, scaled.
 */
static void
fill_graph(AffinityTeam *team, const SpectrumTask *task,
		   const AffinityCsr *by_user, const Scales *s)
{
	float	   *user_factor = affinity_parallel_region(team, task->user_factor);
	float	   *item_scale = affinity_parallel_region(team, task->item_scale);
	uint32	   *col = affinity_parallel_region(team, task->col);
	float	   *val = task->has_values ?
		affinity_parallel_region(team, task->val) : NULL;

	memcpy(affinity_parallel_region(team, task->start), by_user->start,
		   ((Size) task->n_users + 1) * sizeof(int64));
	for (uint32 i = 0; i < task->n_items; i++)
		item_scale[i] = (float) s->item[i];
	for (uint32 u = 0; u < task->n_users; u++)
	{
		double		factor = s->user[u] / s->largest;

		CHECK_FOR_INTERRUPTS();
		user_factor[u] = val ? 1 : (float) factor;
		for (int64 e = by_user->start[u]; e < by_user->start[u + 1]; e++)
		{
			col[e] = by_user->col[e];
			if (val)
				val[e] = (float) (by_user->val[e] * sqrt(factor) *
								  s->item[col[e]]);
		}
	}
}

/*
 * What the team found. An eigenvalue of nothing but rounding is none.
 */
static AffinitySpectrum *
collect(AffinityTeam *team, const SpectrumTask *task, const Scales *scales)
{
	AffinitySpectrum *spectrum = palloc0(sizeof(AffinitySpectrum));
	const float *basis = affinity_parallel_region(team, task->basis);
	const double *value = affinity_parallel_region(team, task->value);
	uint32		rank = task->kept;

	while (rank > 0 && !(value[rank - 1] > 1e-6 * value[0]))
		rank--;
	spectrum->n_items = task->n_items;
	spectrum->rank = rank;
	spectrum->value = affinity_base_array(rank, sizeof(double));
	spectrum->vector = affinity_base_array(mul_size(task->n_items, rank),
										   sizeof(float));
	spectrum->degree = scales->degree;
	for (uint32 k = 0; k < rank; k++)
		spectrum->value[k] = value[k] * scales->largest;
	for (uint32 i = 0; i < task->n_items; i++)
	{
		affinity_base_look_up(i);
		memcpy(spectrum->vector + (Size) i * rank,
			   basis + (Size) i * task->width, rank * sizeof(float));
	}
	return spectrum;
}

AffinitySpectrum *
affinity_spectrum_find(const AffinityInteractions *in,
					   const AffinitySpectrumRequest *request)
{
	AffinityTeamRequest team_request = {.max_workers = request->max_workers};
	const AffinityCsr *by_user = &in->by_user;
	Size		entries = (Size) by_user->start[by_user->n_rows];
	SpectrumTask task = {.n_users = by_user->n_rows};
	AffinitySpectrum *spectrum;
	AffinityTeam *team;
	Scales		scales;

	task.n_items = in->by_item.n_rows;
	task.rank = Min(Min(request->rank, AFFINITY_SPECTRUM_MOST), task.n_items);
	task.power = request->power;
	task.width = task.active = basis_width(task.n_items, task.rank, task.power);
	task.has_values = by_user->val != NULL;
	check_memory(in, request, task.width);
	(void) affinity_train_blas();
	find_scales(in, request->user_exponent, &scales);

	(void) affinity_parallel_request_region(&team_request, sizeof(task));
	task.start = affinity_parallel_request_region(&team_request,
												  mul_size((Size) task.n_users + 1,
														   sizeof(int64)));
	task.col = affinity_parallel_request_region(&team_request,
												mul_size(entries,
														 sizeof(uint32)));
	if (task.has_values)
		task.val = affinity_parallel_request_region(&team_request,
													mul_size(entries,
															 sizeof(float)));
	task.user_factor =
		affinity_parallel_request_region(&team_request,
										 mul_size(task.n_users, sizeof(float)));
	task.item_scale =
		affinity_parallel_request_region(&team_request,
										 mul_size(task.n_items, sizeof(float)));
	affinity_spectrum_subspace_request(&team_request, &task);

	team = affinity_parallel_begin(&team_request);
	memcpy(affinity_parallel_region(team, SPECTRUM_TASK), &task, sizeof(task));
	fill_graph(team, &task, by_user, &scales);
	affinity_parallel_run(team, &task);
	memcpy(&task, affinity_parallel_region(team, SPECTRUM_TASK), sizeof(task));
	spectrum = collect(team, &task, &scales);
	affinity_parallel_end(team);
	pfree(scales.user);
	pfree(scales.item);
	return spectrum;
}

void
affinity_spectrum_free(AffinitySpectrum *spectrum)
{
	pfree(spectrum->vector);
	pfree(spectrum->value);
	pfree(spectrum->degree);
	pfree(spectrum);
}
