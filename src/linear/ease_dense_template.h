/*
 * ease_dense_template.h
 *		The computations of ease_dense.c for one width of numbers.
 *
 * Defined before it is included: REAL, NAME(x) for the names of functions and
 * types, BLAS(x) for those of OpenBLAS.
 */

typedef struct NAME (Dense)
{
	const EaseTask *task;
	const AffinityBlas *blas;
	AffinityTeam *team;
	AffinityCsr by_user;
	AffinityCsr by_item;
	const double *user_factor;
	const double *penalty;
	const double *output;
	uint32		n;
	uint32		n_tiles;
	REAL	   *panels;
	REAL	   *column;
	REAL	   *factor;
	double	   *diagonal;		/* that A had */
	REAL	   *swap;			/* a participant's own tile */
	double	   *sum;			/* a participant's own row */

	/* rows */
	EaseChoice	choice;
	double	   *scale;			/* -1 / diagonal of -A^-1, by outputs */
	float	   *weight;			/* EASE_CHUNK rows of all weights */
} NAME(Dense);

static inline REAL *
NAME(tile_at) (const NAME(Dense) * d, uint32 i, uint32 j)
{
	return d->panels + panel_offset(i) + (Size) j * TILE;
}

static inline int
NAME(tile_rows) (const NAME(Dense) * d, uint32 i)
{
	return (int) Min(TILE, d->n - i * TILE);
}

/* ---- the matrix -------------------------------------------------------- */

/*
 * Rows of the lower triangle of X'WX + L: the rows of an item's users, up to
 * the item.
 */
static void
NAME(fill_panels) (NAME(Dense) * d)
{
	uint32		from;
	uint32		to;
	int64		work = 0;

	while (affinity_parallel_next(d->team, d->n, EASE_CHUNK, &from, &to))
	{
		for (uint32 i = from; i < to; i++)
		{
			REAL	   *row = d->panels + panel_offset(i / TILE) +
				(Size) (i % TILE) * panel_width(i / TILE);

			for (int64 e = d->by_item.start[i]; e <
				 d->by_item.start[i + 1]; e++)
			{
				uint32		user = d->by_item.col[e];
				int64		start = d->by_user.start[user];
				int64		n = d->by_user.start[user + 1] - start;
				double		x = d->by_item.val ? d->by_item.val[e] : 1;

				work += affinity_kernel_sparse_add_below(d->sum,
														 d->by_user.col +
														 start,
														 d->by_user.val ?
														 d->by_user.val +
														 start : NULL,
														 n, i, x *
														 d->user_factor[user]);
				if (work >= WORK_PIECE)
				{
					CHECK_FOR_INTERRUPTS();
					work = 0;
				}
			}
			d->sum[i] += d->penalty[i];
			d->diagonal[i] = d->sum[i];
			for (uint32 j = 0; j <= i; j++)
			{
				row[j] = (REAL) d->sum[j];
				d->sum[j] = 0;
			}
		}
		if (affinity_parallel_leader(d->team))
			affinity_parallel_progress_done(to);
	}
	affinity_parallel_barrier(d->team);
}

/* ---- the inverse ------------------------------------------------------- */

/*
 * C of a tile of the diagonal.
 */
static void
NAME(factor_tile) (NAME(Dense) * d, uint32 k)
{
	REAL	   *tile = NAME(tile_at) (d, k, k);
	int			n = NAME(tile_rows) (d, k);
	int			width = panel_width(k);
	int			info;

	/* by rows the lower triangle, by columns the upper one */
	affinity_train_blas_ready();
	d->blas->BLAS(potrf) ("U", &n, tile, &width, &info, 1);
	if (info < 0)
		elog(ERROR, "potrf: argument %d is invalid", -info);
	if (info > 0)
		affinity_linear_ease_singular(&d->task->options);
	for (int r = 0; r < n; r++)
	{
		double		c = tile[(Size) r * width + r];

		if (!(c * c > EASE_LEAST_PIVOT * d->diagonal[k * TILE + r]))
			affinity_linear_ease_singular(&d->task->options);
		memcpy(d->factor + (Size) r * TILE, tile + (Size) r * width,
			   n * sizeof(REAL));
	}
}

static void
NAME(transpose) (const REAL *from, int from_width, int rows, int columns,
				 REAL *to, int to_width)
{
	for (int r = 0; r < rows; r += 8)
	{
		for (int c = 0; c < columns; c++)
		{
			for (int s = r; s < Min(r + 8, rows); s++)
				to[(Size) c * to_width + s] = from[(Size) s * from_width + c];
		}
	}
}

/*
 * V_i = A_ik C^-T, for all i. What is above the diagonal is read from below
 * it.
 */
static void
NAME(fill_column) (NAME(Dense) * d, uint32 k)
{
	uint32		i;
	uint32		end;
	int			columns = NAME(tile_rows) (d, k);

	while (affinity_parallel_next(d->team, d->n_tiles, 1, &i, &end))
	{
		REAL	   *v = d->column + (Size) i * TILE * TILE;
		int			rows = NAME(tile_rows) (d, i);

		if (i == k)
			continue;
		if (i > k)
			for (int r = 0; r < rows; r++)
				memcpy(v + (Size) r * TILE,
					   NAME(tile_at) (d, i, k) + (Size) r * panel_width(i),
					   columns * sizeof(REAL));
		else
			NAME(transpose) (NAME(tile_at) (d, k, i), panel_width(k), columns,
							 rows, v, TILE);
		affinity_train_blas_ready();
		d->blas->BLAS(trsm) (AFFINITY_BLAS_BY_ROWS, AFFINITY_BLAS_RIGHT,
							 AFFINITY_BLAS_LOWER, AFFINITY_BLAS_TRANSPOSED,
							 AFFINITY_BLAS_NON_UNIT, rows, columns, 1,
							 d->factor, TILE, v, TILE);
	}
	affinity_parallel_barrier(d->team);
}

/*
 * A_ij -= V_i V_j' for the tiles j = from to end - 1 of panel i.
 */
static void
NAME(subtract_product) (NAME(Dense) * d, uint32 i, uint32 from,
						uint32 end, int depth)
{
	const REAL *v = d->column + (Size) i * TILE * TILE;
	int			rows = NAME(tile_rows) (d, i);
	uint32		rest = Min(end, i); /* tiles below the diagonal */

	if (from < rest)
	{
		affinity_train_blas_ready();
		d->blas->BLAS(gemm) (AFFINITY_BLAS_BY_ROWS, AFFINITY_BLAS_AS_IS,
							 AFFINITY_BLAS_TRANSPOSED, rows,
							 (int) ((rest - from) * TILE), depth, -1, v, TILE,
							 d->column + (Size) from * TILE * TILE, TILE, 1,
							 NAME(tile_at) (d, i, from), panel_width(i));
	}
	if (from <= i && i < end)
	{
		affinity_train_blas_ready();
		d->blas->BLAS(syrk) (AFFINITY_BLAS_BY_ROWS, AFFINITY_BLAS_LOWER,
							 AFFINITY_BLAS_AS_IS, rows, depth, -1, v, TILE, 1,
							 NAME(tile_at) (d, i, i), panel_width(i));
	}
}

/*
 * A_ik <- V_i C^-1, into where it is kept; A_kk <- -(C C')^-1.
 */
static void
NAME(finish_tile) (NAME(Dense) * d, uint32 i, uint32 k)
{
	int			rows = NAME(tile_rows) (d, i);
	int			columns = NAME(tile_rows) (d, k);
	const REAL *v = d->column + (Size) i * TILE * TILE;
	REAL	   *tile = i < k ? NAME(tile_at) (d, k, i) :
		NAME(tile_at) (d, i, k);
	int			width = panel_width(Max(i, k));
	int			info;

	if (i == k)
	{
		affinity_train_blas_ready();
		d->blas->BLAS(potri) ("U", &rows, tile, &width, &info, 1);
		if (info != 0)
			elog(ERROR, "potri: unexpected info %d", info);
		for (int r = 0; r < rows; r++)
		{
			for (int c = 0; c <= r; c++)
				tile[(Size) r * width + c] *= -1;
		}
		return;
	}
	memcpy(d->swap, v, (Size) rows * TILE * sizeof(REAL));
	affinity_train_blas_ready();
	d->blas->BLAS(trsm) (AFFINITY_BLAS_BY_ROWS, AFFINITY_BLAS_RIGHT,
						 AFFINITY_BLAS_LOWER, AFFINITY_BLAS_AS_IS,
						 AFFINITY_BLAS_NON_UNIT, rows, columns, 1,
						 d->factor, TILE, d->swap, TILE);
	if (i < k)
		NAME(transpose) (d->swap, TILE, rows, columns, tile, width);
	else
		for (int r = 0; r < rows; r++)
			memcpy(tile + (Size) r * width, d->swap + (Size) r * TILE,
				   columns * sizeof(REAL));
}

/*
 * One piece of the round's work: the tiles of column k first, then the
 * products of the other panels, the longest first, WIDE tiles at a time.
 */
static void
NAME(sweep_piece) (NAME(Dense) * d, uint32 piece, uint32 k)
{
	uint32		i = d->n_tiles;
	uint32		from;
	uint32		end;

	if (piece < d->n_tiles)
	{
		NAME(finish_tile) (d, piece, k);
		return;
	}
	piece -= d->n_tiles;
	while (piece >= i / WIDE + (i % WIDE > 0))
	{
		piece -= i / WIDE + (i % WIDE > 0);
		i--;
	}
	i--;
	if (i == k)
		return;
	from = piece * WIDE;
	end = Min(from + WIDE, i + 1);
	if (from <= k && k < end)
	{
		if (from < k)
			NAME(subtract_product) (d, i, from, k, NAME(tile_rows) (d, k));
		from = k + 1;
	}
	if (from < end)
		NAME(subtract_product) (d, i, from, end, NAME(tile_rows) (d, k));
}

static void
NAME(sweep) (NAME(Dense) * d)
{
	uint32		n_pieces = d->n_tiles;
	uint32		piece;
	uint32		end;

	for (uint32 i = 1; i <= d->n_tiles; i++)
		n_pieces += i / WIDE + (i % WIDE > 0);
	for (uint32 k = 0; k < d->n_tiles; k++)
	{
		if (affinity_parallel_next(d->team, 1, 1, &piece, &end))
			NAME(factor_tile) (d, k);
		affinity_parallel_barrier(d->team);
		NAME(fill_column) (d, k);
		while (affinity_parallel_next(d->team, n_pieces, 1, &piece, &end))
			NAME(sweep_piece) (d, piece, k);
		affinity_parallel_barrier(d->team);
		if (affinity_parallel_leader(d->team))
			affinity_parallel_progress_done(k + 1);
	}
}

/* ---- the rows ---------------------------------------------------------- */

/*
 * All weights of the items of a chunk, B_ij = -P_ij / P_jj, and their best.
 */
static void
NAME(produce_rows) (void *state, uint32 chunk, void *slot)
{
	NAME(Dense) * d = state;
	uint32		first = chunk * EASE_CHUNK;
	uint32		end = Min(first + EASE_CHUNK, d->n);
	uint32		panel = first / TILE;
	Size		stride = d->n;

	for (uint32 j = 0; j < d->n; j++)
	{
		const REAL *row = d->panels + panel_offset(j / TILE) +
			(Size) (j % TILE) * panel_width(j / TILE);

		for (uint32 i = first; i < Min(end, j); i++)
			d->weight[(i - first) * stride + j] =
				affinity_linear_ease_real(row[i] * d->output[i] *
										  d->scale[j]);
	}
	for (uint32 i = first; i < end; i++)
	{
		const REAL *row = d->panels + panel_offset(panel) +
			(Size) (i % TILE) * panel_width(panel);
		float	   *weight = d->weight + (i - first) * stride;

		for (uint32 j = 0; j < i; j++)
			weight[j] = affinity_linear_ease_real(row[j] * d->output[i] *
												  d->scale[j]);
		weight[i] = 0;
		affinity_linear_ease_choose(&d->choice, weight, NULL, d->n, slot, i -
									first);
	}
}

static void
NAME(consume_rows) (void *state, uint32 chunk, const void *slot)
{
	NAME(Dense) * d = state;
	EaseLeader *leader = affinity_parallel_leader(d->team);

	affinity_linear_ease_put(leader->sink, &d->by_item, d->choice.k, chunk,
							 slot, &leader->n_weights);
	affinity_parallel_progress_done((int64) chunk * EASE_CHUNK);
}

static void
NAME(put_rows) (NAME(Dense) * d)
{
	AffinityStream stream = {0};

	d->scale = palloc_extended(d->n * sizeof(double), MCXT_ALLOC_HUGE);
	d->weight = palloc_extended((Size) d->n * EASE_CHUNK * sizeof(float),
								MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < d->n; i++)
		d->scale[i] = -1 / (d->panels + panel_offset(i / TILE) +
							(Size) (i % TILE) * panel_width(i / TILE))[i] /
			d->output[i];
	affinity_linear_ease_choice_begin(&d->choice, d->team, d->n);
	stream.n_chunks = (d->n + EASE_CHUNK - 1) / EASE_CHUNK;
	stream.slot_bytes = affinity_linear_ease_slot_bytes(d->choice.k);
	stream.produce = NAME(produce_rows);
	stream.consume = NAME(consume_rows);
	stream.state = d;
	affinity_parallel_stream(d->team, d->task->rows, &stream);
}

/* ---- the team ---------------------------------------------------------- */

static void
NAME(dense) (AffinityTeam *team)
{
	const EaseTask *task = affinity_parallel_region(team, EASE_TASK);
	int			workers = affinity_parallel_participants(team) - 1;

	NAME(Dense) d =
	{
		.task = task, .team = team, .n = task->n_items
	};

	d.blas = affinity_train_blas();
	d.n_tiles = tiles_of(d.n);
	affinity_parallel_matrix(team, task->matrix, &d.by_user, &d.by_item);
	d.user_factor = affinity_parallel_region(team, task->user_factor);
	d.penalty = affinity_parallel_region(team, task->penalty);
	d.output = affinity_parallel_region(team, task->output);
	d.panels = affinity_parallel_region(team, task->work[WORK_PANELS]);
	d.column = affinity_parallel_region(team, task->work[WORK_COLUMN]);
	d.factor = affinity_parallel_region(team, task->work[WORK_FACTOR]);
	d.diagonal = affinity_parallel_region(team, task->work[WORK_DIAGONAL]);
	d.swap = palloc(TILE * TILE * sizeof(REAL));
	d.sum = affinity_base_zeroed_array(d.n, sizeof(double));

	affinity_parallel_progress_phase("products of items", d.n, workers);
	NAME(fill_panels) (&d);
	affinity_parallel_progress_phase("inverse", d.n_tiles, workers);
	NAME(sweep) (&d);
	affinity_parallel_progress_phase("weights", d.n, workers);
	NAME(put_rows) (&d);
}

#undef REAL
#undef NAME
#undef BLAS
