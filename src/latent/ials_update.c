/*
 * ials_update.c
 *		Items without a training: the update of an item, as an iteration makes
 *		it, for those that a model lacks and those whose users changed.
 *
 * It is half an iteration from where the training ended. The vectors of users
 * are those that serving gives them, from what they have of the items that are
 * known. Their Gram matrix, which stands for what is not observed, is
 * diagonalized, and the users are turned into its axes, so that the problem is
 * that of any half-step. What comes of it is turned back: other items stay as
 * they are, in the axes of the training.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "kernel/eigen.h"
#include "latent/ials.h"

/* Users that are turned, and added up, at a time. */
#define BLOCK_ROWS		64

typedef struct IalsUpdate
{
	AffinityUpdate *update;
	IalsOptions options;
	uint32		width;
	size_t		stride;
	AffinityEigen eigen;		/* of the users' Gram matrix */
	float	   *spectrum;
	float	   *rotation;		/* into its axes: a column each */
	float	   *back;			/* and back */
	float	   *user;			/* rows of the users of "now" */
	FactorSolver *solver;
	float	   *item;			/* a row in these axes */
	float	   *row;			/* a row in those of the model */
	uint32	   *no;				/* users of the item */
	float	   *root;
} IalsUpdate;

/*
 * Where times change what rows count, only a training does.
 */
AffinityUpdateWay
affinity_latent_ials_update_way(const void *options)
{
	const IalsOptions *o = options;

	return o->times.half_life > 0 || o->times.trend > 0 ?
		AFFINITY_UPDATE_NOT : AFFINITY_UPDATE_WHOLE;
}

/*
 * The vectors of all users, from the items that are known.
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

	for (uint32 user = 0; user < m->n_rows; user++)
	{
		float	   *row = s->user + user * s->stride;
		uint32		known = 0;
		float		offset;

		CHECK_FOR_INTERRUPTS();
		for (int64 e = m->start[user]; e < m->start[user + 1]; e++)
		{
			if (u->now_no[m->col[e]] >= u->n_known)
				continue;
			item[known] = u->now_no[m->col[e]];
			weight[known++] = m->val ? m->val[e] : 1;
		}
		if (!affinity_latent_ials_fold_in(fold, item, weight, known, row,
										  &offset))
			memset(row, 0, s->width * sizeof(float));
	}
	pfree(item);
	pfree(weight);
}

/*
 * Their Gram matrix, in blocks that are added up in order.
 */
static void
add_gram(IalsUpdate *s)
{
	const AffinityDense *dense = s->solver->dense;
	Size		cells = s->stride * s->stride;
	double	   *sum = affinity_base_zeroed_array(cells, sizeof(double));
	float	   *square = affinity_factor_floats(CurrentMemoryContext, cells);
	uint32		n = s->update->now->by_user.n_rows;
	uint32		width = s->width;

	for (uint32 from = 0; from < n; from += BLOCK_ROWS)
	{
		CHECK_FOR_INTERRUPTS();
		memset(square, 0, cells * sizeof(float));
		dense->outer(s->user + from * s->stride, s->stride,
					 Min(n - from, BLOCK_ROWS), s->stride, square, s->stride);
		affinity_kernel_add_to_double(square, cells, sum);
	}
	for (uint32 i = 0; i < width; i++)
	{
		for (uint32 j = i; j < width; j++)
			s->eigen.a[i * width + j] = s->eigen.a[j * width + i] =
				sum[i * s->stride + j];
	}
	pfree(sum);
}

/*
 * The axes of the users' Gram matrix, and the users in them.
 */
static void
turn_users(IalsUpdate *s)
{
	AffinityEigen *e = &s->eigen;
	uint32		width = s->width;
	uint32		n = s->update->now->by_user.n_rows;
	Size		cells = s->stride * s->stride;
	float	   *block = affinity_factor_floats(CurrentMemoryContext,
											   BLOCK_ROWS * s->stride);

	e->n = (int) width;
	e->a = affinity_base_array((Size) width * width, sizeof(double));
	e->z = affinity_base_array((Size) width * width, sizeof(double));
	e->value = affinity_base_array(4 * (Size) width, sizeof(double));
	e->side = e->value + width;
	e->scratch = e->side + width;
	add_gram(s);
	affinity_kernel_eigen_begin(e);
	while (affinity_kernel_eigen_step(e))
		CHECK_FOR_INTERRUPTS();
	if (e->failed)
		affinity_train_damaged(NULL, "the vectors of the model's users make no sense");
	s->spectrum = affinity_base_zeroed_array(s->stride, sizeof(float));
	s->rotation = affinity_factor_floats(CurrentMemoryContext, cells);
	s->back = affinity_factor_floats(CurrentMemoryContext, cells);
	memset(s->rotation, 0, cells * sizeof(float));
	memset(s->back, 0, cells * sizeof(float));
	for (uint32 k = 0; k < width; k++)
	{
		s->spectrum[k] = (float) Max(e->value[k], 0);
		for (uint32 i = 0; i < width; i++)
			s->rotation[i * s->stride + k] = s->back[k * s->stride + i] =
				(float) e->z[k * width + i];
	}
	for (uint32 from = 0; from < n; from += BLOCK_ROWS)
	{
		float	   *row = s->user + from * s->stride;
		uint32		rows = Min(n - from, BLOCK_ROWS);

		CHECK_FOR_INTERRUPTS();
		s->solver->dense->multiply(row, rows, s->stride, s->rotation, block);
		memcpy(row, block, rows * s->stride * sizeof(float));
	}
}

/*
 * Solve for an item, from where it was, if it was.
 */
static void
put_item(IalsUpdate *s, uint32 local)
{
	AffinityUpdate *u = s->update;
	const AffinityDense *dense = s->solver->dense;
	const AffinityCsr *m = &u->now->by_item;
	int64		start = m->start[local];
	uint32		n = (uint32) (m->start[local + 1] - start);
	AffinityItemRow row = {.item = u->now_no[local]};
	FactorProblem problem = {
		.other = s->user,
		.no = m->col + start,
		.n = n,
		.known = m->start[m->n_rows] - start,
		.root = s->root,
		.spectrum = s->spectrum,
		.times = (float) s->options.unobserved_weight
	};

	for (uint32 i = 0; i < n; i++)
		s->root[i] = affinity_latent_ials_root(&s->options,
											   m->val ? m->val[start + i] : 1);
	problem.plus = (float) affinity_latent_ials_ridge(&s->options, n,
													  (uint32) Max(u->users, 1));
	memset(s->row, 0, s->stride * sizeof(float));
	if (row.item < u->n_known)
		memcpy(s->row, u->factors->item + row.item * s->stride,
			   s->stride * sizeof(float));
	dense->multiply(s->row, 1, s->stride, s->rotation, s->item);
	(void) affinity_factor_solve(s->solver, &problem, s->item);
	dense->multiply(s->item, 1, s->stride, s->back, s->row);
	for (uint32 i = 0; i < s->width; i++)
	{
		if (!isfinite(s->row[i]))
			affinity_train_damaged(NULL, "the vector of an item is beyond the range of real");
	}
	row.popularity = u->popularity[row.item];
	row.n_factors = s->width;
	row.factor = s->row;
	u->put(u, &row);
}

/*
 * Bring a model up to date.
 */
void
affinity_latent_ials_update(AffinityUpdate *u, const void *options)
{
	IalsUpdate	s = {.update = u, .options = *(const IalsOptions *) options};
	const AffinityInteractions *in = u->now;
	Size		users = in->by_user.n_rows;
	int64		most = 1;
	uint32		n_due = 0;

	for (uint32 i = 0; i < in->n_items; i++)
	{
		affinity_base_look_up(i);
		n_due += u->due[u->now_no[i]];
		most = Max(most, in->by_item.start[i + 1] - in->by_item.start[i]);
	}
	if (n_due == 0)
		return;
	s.width = u->factors->width;
	s.stride = u->factors->stride;
	affinity_base_need_memory(mul_size(users, s.stride * sizeof(float)), NULL,
							  "the vectors of %zu users need", users);
	/* a training knows no ages of histories */
	s.options.times.history_half_life = 0;
	s.options.times.history_decay = 1;
	s.user = affinity_factor_floats(CurrentMemoryContext,
									mul_size(users, s.stride));
	memset(s.user, 0, users * s.stride * sizeof(float));
	s.item = affinity_factor_floats(CurrentMemoryContext, s.stride);
	s.row = affinity_factor_floats(CurrentMemoryContext, s.stride);
	s.root = affinity_base_array(most, sizeof(float));
	s.solver = affinity_factor_solver(s.options.solver, s.options.cg_steps,
									  s.options.block_size, s.stride, most);
	fold_users(&s);
	if (u->factors->n_parameters > s.width)
		s.options.unobserved_weight = u->factors->parameters[s.width];
	turn_users(&s);
	for (uint32 i = 0; i < in->n_items; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (u->due[u->now_no[i]])
			put_item(&s, i);
	}
}
