/*
 * low_rank.c
 *		A low-rank part, folded into lists: the best of each row of
 *
 *			W = E + D^-a V diag(f) V' D^a
 *
 * without its diagonal. E are lists, V the first eigenvectors of the graph of
 * items (spectrum/), f what each of them counts, D the items' users and a an
 * exponent.
 * low_rank_fold.c does it.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "kernel/topk.h"
#include "linear/low_rank.h"

/*
 * Bytes of folding, with the vectors that are there already, and lists of so
 * many weights, which are there twice while the team gets them.
 */
static Size
fold_bytes(uint32 n_items, uint32 rank, uint32 neighbors, Size weights)
{
	Size		vectors = mul_size(mul_size(n_items, rank), 2 * sizeof(float));
	Size		lists = mul_size(weights, 2 * (sizeof(int32) + sizeof(float)));

	return add_size(add_size(vectors, lists),
					affinity_linear_fold_bytes(n_items, rank, neighbors));
}

/*
 * The eigenvectors, which count as powers of their eigenvalues. What is folded is asked for
 * too, before anything is computed.
 */
void
affinity_linear_low_rank_begin(LowRank *low, const AffinityInteractions *in,
							   const AffinitySpectrumRequest *request,
							   double weight, double exponent, Size weights)
{
	uint32		n_items = in->by_item.n_rows;

	low->neighbors = Min(low->neighbors, Max(n_items, 1));
	affinity_base_need_memory(add_size(request->held,
									   fold_bytes(n_items,
												  Min(request->rank, n_items),
												  low->neighbors, weights)),
							  request->otherwise,
							  "a low-rank part of rank %u of %u items needs",
							  request->rank, n_items);
	low->spectrum = affinity_spectrum_find(in, request);
	low->value = affinity_base_array(low->spectrum->rank, sizeof(double));
	for (uint32 k = 0; k < low->spectrum->rank; k++)
		low->value[k] = weight * pow(low->spectrum->value[k] /
									 low->spectrum->value[0], exponent);
}

/*
 * Rows of the right side, times the items' trend, the longest first. A block's
 * rows come from there as well, so that left takes the trend off.
 */
static void
fill_vectors(AffinityTeam *team, const FoldTask *task, const LowRank *low)
{
	const AffinitySpectrum *spectrum = low->spectrum;
	float	   *right = affinity_parallel_region(team, task->right);
	float	   *length = affinity_parallel_region(team, task->length);
	float	   *left = affinity_parallel_region(team, task->left);
	float	   *value = affinity_parallel_region(team, task->value);
	uint32	   *place = affinity_parallel_region(team, task->place);
	uint32	   *item = affinity_parallel_region(team, task->item);
	uint32		n = task->n_items;
	uint64	   *key = affinity_base_array(n, sizeof(uint64));
	uint64	   *scratch = affinity_base_array(n, sizeof(uint64));

	for (uint32 c = 0; c < task->rank; c++)
		value[c] = (float) low->value[low->skip + c];
	for (uint32 i = 0; i < n; i++)
	{
		const float *x = spectrum->vector + (Size) i * spectrum->rank +
			low->skip;
		double		d = spectrum->degree[i];
		double		scale = d > 0 ? pow(d, low->exponent) : 0;
		double		trend = low->trend ? low->trend[i] : 1;
		double		sum = 0;

		CHECK_FOR_INTERRUPTS();
		for (uint32 c = 0; c < task->rank; c++)
			sum += (double) x[c] * x[c];
		left[i] = scale > 0 ? (float) (1 / (scale * scale * trend)) : 0;
		key[i] = affinity_kernel_rank_key((float) (sqrt(sum) * scale * trend),
										  i);
	}
	affinity_kernel_sort_descending(key, n, scratch);
	for (uint32 p = 0; p < n; p++)
	{
		uint32		i = affinity_kernel_rank_key_no(key[p]);
		const float *x = spectrum->vector + (Size) i * spectrum->rank +
			low->skip;
		double		scale = spectrum->degree[i] > 0 ?
			pow(spectrum->degree[i], low->exponent) : 0;

		if (low->trend)
			scale *= low->trend[i];
		CHECK_FOR_INTERRUPTS();
		length[p] = affinity_kernel_rank_key_score(key[p]);
		item[p] = i;
		place[i] = p;
		for (uint32 c = 0; c < task->rank; c++)
			right[(Size) p * task->rank + c] = (float) (x[c] * scale);
	}
	pfree(scratch);
	pfree(key);
}

/*
 * The scales of the graph, as spectrum.c has them.
 */
static void
fill_graph(AffinityTeam *team, const FoldTask *task, const LowRank *low)
{
	const AffinityCsr *by_user = &low->in->by_user;
	double	   *user_factor = affinity_parallel_region(team,
													   task->user_factor);
	double	   *item_scale = affinity_parallel_region(team, task->item_scale);
	double	   *column_scale = affinity_parallel_region(team,
														task->column_scale);

	for (uint32 i = 0; i < task->n_items; i++)
	{
		item_scale[i] = low->spectrum->degree[i] > 0 ?
			1 / sqrt(low->spectrum->degree[i]) : 0;
		column_scale[i] = item_scale[i] * (low->trend ? low->trend[i] : 1);
	}
	for (uint32 u = 0; u < by_user->n_rows; u++)
	{
		double		d = 0;

		CHECK_FOR_INTERRUPTS();
		for (int64 e = by_user->start[u]; e < by_user->start[u + 1]; e++)
			d += by_user->val ? by_user->val[e] : 1;
		user_factor[u] = d > 0 ? pow(d, -low->user_exponent) : 0;
	}
	affinity_parallel_put_matrix(team, task->matrix, &low->in->by_user, &low->in->by_item);
}

/*
 * Lists into the regions; each array is freed once it is there.
 */
static void
fill_lists(AffinityTeam *team, const FoldTask *task, AffinityKeptLists *lists)
{
	Size		weights = lists->start[task->n_items];

	memcpy(affinity_parallel_region(team, task->start), lists->start,
		   ((Size) task->n_items + 1) * sizeof(Size));
	memcpy(affinity_parallel_region(team, task->list_item), lists->item,
		   weights * sizeof(int32));
	pfree(lists->item);
	memcpy(affinity_parallel_region(team, task->list_weight), lists->weight,
		   weights * sizeof(float));
	pfree(lists->weight);
	pfree(lists->start);
	pfree(lists->n_users);
}

#define REGION(size, width) \
	affinity_parallel_request_region(request, mul_size(size, width))

static void
request_regions(AffinityTeamRequest *request, FoldTask *task,
				const LowRank *low, const AffinityKeptLists *lists)
{
	uint32		n = task->n_items;

	affinity_linear_fold_request(request);
	(void) affinity_parallel_request_region(request, sizeof(FoldTask));
	task->right = REGION(mul_size(n, task->rank), sizeof(float));
	task->length = REGION(n, sizeof(float));
	task->left = REGION(n, sizeof(float));
	task->value = REGION(task->rank, sizeof(float));
	task->place = REGION(n, sizeof(uint32));
	task->item = REGION(n, sizeof(uint32));
	task->rows = affinity_parallel_request_region(request,
												  affinity_linear_fold_stream_bytes(task->neighbors));
	if (lists)
	{
		Size		weights = lists->start[n];

		task->start = REGION((Size) n + 1, sizeof(Size));
		task->list_item = REGION(weights, sizeof(int32));
		task->list_weight = REGION(weights, sizeof(float));
		return;
	}
	task->user_factor = REGION(low->in->by_user.n_rows, sizeof(double));
	task->item_scale = REGION(n, sizeof(double));
	task->column_scale = REGION(n, sizeof(double));
	task->matrix = affinity_parallel_request_matrix(request, &low->in->by_user, &low->in->by_item);
}

#undef REGION

/*
 * Put the best of all rows into the sink; lists, vectors and interactions are
 * given away. Without lists the graph takes their place. Returns how many
 * weights there are.
 */
int64
affinity_linear_low_rank_put(LowRank *low, AffinityKeptLists *lists,
							 AffinityItemSink *sink)
{
	AffinityTeamRequest request = {.max_workers = sink->max_workers};
	FoldTask	task = {.n_items = low->spectrum->n_items};
	FoldLeader	leader = {.sink = sink};
	AffinityTeam *team;

	task.neighbors = low->neighbors;
	task.rank = low->spectrum->rank > low->skip ?
		low->spectrum->rank - low->skip : 0;
	task.has_graph = lists == NULL;
	task.graph_weight = low->graph_weight;
	request_regions(&request, &task, low, lists);
	team = affinity_parallel_begin(&request);
	memcpy(affinity_parallel_region(team, FOLD_TASK), &task, sizeof(task));
	fill_vectors(team, &task, low);
	if (lists)
		fill_lists(team, &task, lists);
	else
		fill_graph(team, &task, low);
	affinity_spectrum_free(low->spectrum);
	pfree(low->value);
	leader.popularity = lists ? lists->popularity : NULL;
	affinity_parallel_run(team, &leader);
	affinity_parallel_end(team);
	if (lists)
		pfree(lists->popularity);
	return leader.n_weights;
}
