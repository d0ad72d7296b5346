/*
 * ials_update.c
 *		New items without a training: the update of an item, as an iteration
 *		makes it, for those that a model lacks.
 *
 * The vectors of their users are those that serving gives them, from what they
 * have of the items that are known. The Gram matrix of all users is the
 * training's, and stands for what is not observed. It is diagonalized, and the
 * users are turned into its axes, so that the problem is that of any half-step.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "kernel/eigen.h"
#include "latent/ials.h"

#define NOBODY	PG_UINT32_MAX

typedef struct IalsUpdate
{
	AffinityUpdate *update;
	IalsOptions options;
	uint32		width;
	size_t		stride;
	AffinityEigen eigen;		/* of the users' Gram matrix */
	float	   *spectrum;
	uint32	   *place;			/* by user of "now": its row, or NOBODY */
	float	   *user;			/* rows in these axes */
	FactorSolver *solver;
	float	   *item;			/* a row in these axes */
} IalsUpdate;

/*
 * Where times change what rows count, only a training does.
 */
AffinityUpdateWay
affinity_latent_ials_update_way(const void *options)
{
	const IalsOptions *o = options;

	return o->times.half_life > 0 || o->times.trend > 0 ?
		AFFINITY_UPDATE_NOT : AFFINITY_UPDATE_CHANGES;
}

/*
 * The axes of the users' Gram matrix.
 */
static void
diagonalize(IalsUpdate *s)
{
	const AffinityFactors *factors = s->update->factors;
	AffinityEigen *e = &s->eigen;
	int			n = (int) s->width;
	const float *gram = factors->parameters + n + 1;

	if (factors->n_parameters != n + 1 + affinity_latent_ials_triangle(n))
		affinity_train_damaged(NULL, "the model lacks the Gram matrix of its users: it was trained by an earlier version");
	e->n = n;
	e->a = affinity_base_array((Size) n * n, sizeof(double));
	e->z = affinity_base_array((Size) n * n, sizeof(double));
	e->value = affinity_base_array(4 * (Size) n, sizeof(double));
	e->side = e->value + n;
	e->scratch = e->side + n;
	for (int i = 0; i < n; i++)
		for (int j = i; j < n; j++)
			e->a[i * n + j] = e->a[j * n + i] = *gram++;
	affinity_kernel_eigen_begin(e);
	while (affinity_kernel_eigen_step(e))
		CHECK_FOR_INTERRUPTS();
	if (e->failed)
		affinity_train_damaged(NULL, "the Gram matrix of the model's users makes no sense");
	s->spectrum = affinity_base_zeroed_array(s->stride, sizeof(float));
	for (int k = 0; k < n; k++)
		s->spectrum[k] = (float) Max(e->value[k], 0);
}

/*
 * The users of new items, in the axes.
 */
static void
fold_users(IalsUpdate *s)
{
	const AffinityUpdate *u = s->update;
	const AffinityCsr *m = &u->now->by_user;
	AffinityFold *fold = affinity_latent_ials_fold_begin(&s->options,
														 u->factors);
	uint32	   *item = affinity_base_array(u->now->n_items, sizeof(uint32));
	float	   *weight = affinity_base_array(u->now->n_items, sizeof(float));
	float	   *x = affinity_base_zeroed_array(s->stride, sizeof(float));
	int			n = (int) s->width;

	for (uint32 user = 0; user < m->n_rows; user++)
	{
		uint32		known = 0;
		float	   *to;
		float		offset;

		CHECK_FOR_INTERRUPTS();
		if (s->place[user] == NOBODY)
			continue;
		for (int64 e = m->start[user]; e < m->start[user + 1]; e++)
		{
			if (u->now_no[m->col[e]] >= u->n_known)
				continue;
			item[known] = u->now_no[m->col[e]];
			weight[known++] = m->val ? m->val[e] : 1;
		}
		if (!affinity_latent_ials_fold_in(fold, item, weight, known, x,
										  &offset))
			continue;
		to = s->user + (Size) s->place[user] * s->stride;
		for (int k = 0; k < n; k++)
		{
			double		sum = 0;

			for (int i = 0; i < n; i++)
				sum += s->eigen.z[k * n + i] * x[i];
			to[k] = (float) sum;
		}
	}
	pfree(item);
	pfree(weight);
	pfree(x);
}

/*
 * Fold a new item in.
 */
static void
put_item(IalsUpdate *s, uint32 local)
{
	AffinityUpdate *u = s->update;
	const AffinityCsr *m = &u->now->by_item;
	int64		start = m->start[local];
	uint32		n = (uint32) (m->start[local + 1] - start);
	uint32	   *no = affinity_base_array(n, sizeof(uint32));
	float	   *root = affinity_base_array(n, sizeof(float));
	float	   *y = s->item;
	float	   *factor = affinity_base_zeroed_array(s->width, sizeof(float));
	AffinityItemRow row = {.item = u->now_no[local]};
	FactorProblem problem = {
		.other = s->user,
		.no = no,
		.n = n,
		.known = n,
		.root = root,
		.spectrum = s->spectrum,
		.times = (float) s->options.unobserved_weight
	};

	for (uint32 i = 0; i < n; i++)
	{
		no[i] = s->place[m->col[start + i]];
		root[i] = affinity_latent_ials_root(&s->options,
											m->val ? m->val[start + i] : 1);
	}
	problem.plus = (float) affinity_latent_ials_ridge(&s->options, n,
													  (uint32) Max(u->users, 1));
	(void) affinity_factor_solve(s->solver, &problem, y);
	for (uint32 i = 0; i < s->width; i++)
	{
		double		sum = 0;

		for (uint32 k = 0; k < s->width; k++)
			sum += s->eigen.z[k * s->width + i] * y[k];
		factor[i] = (float) sum;
		if (!isfinite(factor[i]))
			affinity_train_damaged(NULL, "the vector of a new item is beyond the range of real");
	}
	row.popularity = u->popularity[row.item];
	row.n_factors = s->width;
	row.factor = factor;
	u->put(u, &row);
	pfree(no);
	pfree(root);
	pfree(factor);
}

/*
 * Bring a model up to date.
 */
void
affinity_latent_ials_update(AffinityUpdate *u, const void *options)
{
	IalsUpdate	s = {.update = u, .options = *(const IalsOptions *) options};
	const AffinityInteractions *in = u->now;
	uint32		n_users = 0;
	int64		most = 1;

	if (u->n_items == u->n_known)
		return;
	s.width = u->factors->width;
	s.stride = u->factors->stride;
	/* a training knows no ages of histories */
	s.options.times.history_half_life = 0;
	s.options.times.history_decay = 1;
	diagonalize(&s);
	s.options.unobserved_weight = u->factors->parameters[s.width];
	s.place = affinity_base_array(in->by_user.n_rows, sizeof(uint32));
	memset(s.place, 0xFF, in->by_user.n_rows * sizeof(uint32));
	for (uint32 i = 0; i < in->n_items; i++)
	{
		int64		n = in->by_item.start[i + 1] - in->by_item.start[i];

		if (u->now_no[i] < u->n_known)
			continue;
		most = Max(most, n);
		for (int64 e = in->by_item.start[i]; e < in->by_item.start[i + 1]; e++)
		{
			affinity_base_look_up((uint64) e);
			if (s.place[in->by_item.col[e]] == NOBODY)
				s.place[in->by_item.col[e]] = n_users++;
		}
	}
	s.user = affinity_factor_floats(CurrentMemoryContext,
									mul_size(Max(n_users, 1), s.stride));
	memset(s.user, 0, mul_size(Max(n_users, 1), s.stride) * sizeof(float));
	s.item = affinity_factor_floats(CurrentMemoryContext, s.stride);
	s.solver = affinity_factor_solver(FACTOR_CHOLESKY, 0, 0, s.stride, most);
	fold_users(&s);
	for (uint32 i = 0; i < in->n_items; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (u->now_no[i] >= u->n_known)
			put_item(&s, i);
	}
}
