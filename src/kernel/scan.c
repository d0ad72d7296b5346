/*
 * scan.c
 *		What the scores of items are at most, by a copy of their factors in
 *		bytes.
 *
 * Items are in order of their norm, largest first, so that the inequality of
 * Cauchy and Schwarz says of all that follow what they can have at most (Teflioudi,
 * Gemulla & Mykytiuk, "LEMP", 2015). Columns are divided by their root mean
 * square c, as the first of those that a training gives may be much larger
 * than the others; a user's vector is multiplied with it. Then
 *
 *		v = a q + e		of an item: q whole numbers from -127 to 127
 *		u = b p + d		of a user: p whole numbers of 15 bits
 *		u v = a b pq + d a q + u e, so
 *		|u v - a b pq| <= |d| (|v| + |e|) + |u| |e|
 *
 * |e| is kept for each item, rounded up. Sums are in single precision: what
 * is rounded is below 2^-18 of |u| |v| and 2^-20 of the offset, and what is
 * too small for a real below SMALL. Nothing else is lost, as codes are
 * multiplied as integers.
 *
 * Codes are bytes with 128 added, 4 columns of the block's 16 items after the
 * other, for the instruction VPDPBUSD: it multiplies bytes with and without
 * sign, so that a user has two, p = 128 high + low.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kernel/scan.h"
#include "kernel/topk.h"

#define BLOCK	AFFINITY_SCAN_BLOCK
#define MOST	127
#define USER_MOST (MOST * 128)

/* Beyond these sums might not fit a real, or what is rounded was too much. */
#define HUGE_NORM	1e15
#define SMALL_UNIT	1e-30
#define SMALL		1e-30f

/* ---- making one -------------------------------------------------------- */

static size_t
aligned(size_t bytes)
{
	return (bytes + 63) / 64 * 64;
}

/*
 * Place the parts of a copy in an area that is aligned to 64; returns the
 * bytes that it takes.
 */
static size_t
place(AffinityScan *scan, char *area, uint32_t n_items, uint32_t width)
{
	size_t		n_blocks = ((size_t) n_items + BLOCK - 1) / BLOCK;
	size_t		positions = n_blocks * BLOCK;
	size_t		code_width = ((size_t) width + 3) / 4 * 4;
	size_t		at = 0;

	scan->n_items = n_items;
	scan->width = width;
	scan->n_blocks = (uint32_t) n_blocks;
	scan->code_width = (uint32_t) code_width;
	scan->column = (float *) (area + at);
	at += aligned(code_width * sizeof(float));
	scan->most_norm = (float *) (area + at);
	at += aligned(n_blocks * sizeof(float));
	scan->most_scaled = (float *) (area + at);
	at += aligned(n_blocks * sizeof(float));
	scan->unit = (float *) (area + at);
	at += positions * sizeof(float);
	scan->error = (float *) (area + at);
	at += positions * sizeof(float);
	scan->inverse = (float *) (area + at);
	at += positions * sizeof(float);
	scan->no = (uint32_t *) (area + at);
	at += positions * sizeof(uint32_t);
	scan->code = (uint8_t *) (area + at);
	return at + positions * code_width;
}

size_t
affinity_kernel_scan_bytes(uint32_t n_items, uint32_t width)
{
	AffinityScan scan;

	/* an area at 64 stands for any */
	return place(&scan, (char *) 64, n_items, width);
}

void
affinity_kernel_scan_place(AffinityScan *scan, void *area, uint32_t n_items,
						   uint32_t width)
{
	(void) place(scan, area, n_items, width);
}

/*
 * Keys of the norms of n rows from a number on, which have to be sorted,
 * largest first; square gets the squares of each column added. False where a
 * norm is too large.
 */
bool
affinity_kernel_scan_norms(const float *item, size_t stride, uint32_t width,
						   uint32_t from, uint32_t n, uint64_t *key,
						   double *square)
{
	for (uint32_t i = from; i < from + n; i++)
	{
		const float *row = item + i * stride;
		double		sum = 0;

		for (uint32_t f = 0; f < width; f++)
		{
			double		s = (double) row[f] * row[f];

			square[f] += s;
			sum += s;
		}
		if (!(sum < HUGE_NORM * HUGE_NORM))
			return false;
		key[i] = affinity_kernel_rank_key((float) sqrt(sum), i);
	}
	return true;
}

/*
 * The units of the columns, from the sums of their squares.
 */
void
affinity_kernel_scan_units(AffinityScan *scan, const double *square)
{
	for (uint32_t f = 0; f < scan->code_width; f++)
	{
		double		root = f < scan->width ? sqrt(square[f] / scan->n_items) : 0;

		scan->column[f] = root > SMALL_UNIT ? (float) root : 1;
	}
}

/* A little more than x, as a real. */
static float
rounded_up(double x)
{
	return (float) (x * (1 + 1e-6)) + FLT_MIN;
}

/*
 * An item's codes, and what they lack; returns its norm in the units of the
 * columns.
 */
static double
encode(AffinityScan *scan, const float *row, size_t position)
{
	uint8_t    *code = scan->code + position / BLOCK * BLOCK * scan->code_width +
		position % BLOCK * 4;
	double		largest = 0;
	double		norm = 0;
	double		lacking = 0;
	float		unit;

	for (uint32_t f = 0; f < scan->width; f++)
	{
		double		v = (double) row[f] / scan->column[f];

		norm += v * v;
		largest = fabs(v) > largest ? fabs(v) : largest;
	}
	unit = (float) (largest / MOST);
	if (unit < SMALL_UNIT)
		unit = 0;
	for (uint32_t f = 0; f < scan->code_width; f++)
	{
		double		v = f < scan->width ? (double) row[f] / scan->column[f] : 0;
		double		q = unit > 0 ? floor(v / unit + 0.5) : 0;

		q = q > MOST ? MOST : q < -MOST ? -MOST : q;
		lacking += (v - q * unit) * (v - q * unit);
		code[f / 4 * 4 * BLOCK + f % 4] = (uint8_t) (q + 128);
	}
	scan->unit[position] = unit;
	scan->error[position] = rounded_up(sqrt(lacking));
	return sqrt(norm);
}

/*
 * Fill n blocks in; keys are those of the norms, sorted. The first n_biases
 * columns do not count in the norms by which cosines are divided.
 */
void
affinity_kernel_scan_fill(AffinityScan *scan, const float *item, size_t stride,
						  uint32_t n_biases, const uint64_t *key,
						  uint32_t block, uint32_t n_blocks)
{
	for (uint32_t b = block; b < block + n_blocks; b++)
	{
		double		most = 0;

		for (size_t p = (size_t) b * BLOCK; p < ((size_t) b + 1) * BLOCK; p++)
		{
			uint32_t	no;
			double		norm;
			double		sum = 0;

			if (p >= scan->n_items)
			{
				uint8_t    *code = scan->code + (size_t) b * BLOCK *
					scan->code_width + p % BLOCK * 4;

				for (uint32_t f = 0; f < scan->code_width; f++)
					code[f / 4 * 4 * BLOCK + f % 4] = 128;
				scan->unit[p] = 0;
				scan->error[p] = -INFINITY;
				scan->inverse[p] = 1;
				scan->no[p] = UINT32_MAX;
				continue;
			}
			no = affinity_kernel_rank_key_no(key[p]);
			norm = encode(scan, item + no * stride, p);
			most = norm > most ? norm : most;
			for (uint32_t f = n_biases; f < scan->width; f++)
				sum += (double) item[no * stride + f] * item[no * stride + f];
			/* one that small has no cosine that could be bounded */
			scan->inverse[p] = sum > SMALL_UNIT * SMALL_UNIT ?
				rounded_up(1 / sqrt(sum)) : INFINITY;
			scan->no[p] = no;
		}
		scan->most_norm[b] =
			rounded_up(affinity_kernel_rank_key_score(key[(size_t) b * BLOCK]));
		scan->most_scaled[b] = rounded_up(most);
	}
}

/* ---- a user ------------------------------------------------------------ */

/*
 * A user's codes, and what they lack; returns false where nothing can be said
 * of the scores. For cosines the vector is that of an item, 0 in the place of
 * its biases.
 */
bool
affinity_kernel_scan_user(const AffinityScan *scan, const float *vector,
						  double offset, bool cosine, AffinityScanUser *user)
{
	double		largest = 0;
	double		square = 0;
	double		scaled = 0;
	double		lacking = 0;

	for (uint32_t f = 0; f < scan->width; f++)
	{
		double		u = (double) vector[f] * scan->column[f];

		square += (double) vector[f] * vector[f];
		scaled += u * u;
		largest = fabs(u) > largest ? fabs(u) : largest;
	}
	if (!(square < HUGE_NORM * HUGE_NORM) || !(scaled < HUGE_NORM * HUGE_NORM) ||
		!(fabs(offset) < HUGE_NORM) || !(largest / USER_MOST > SMALL_UNIT))
		return false;
	user->unit = (float) (largest / USER_MOST);
	user->sum = 0;
	for (uint32_t f = 0; f < scan->code_width; f++)
	{
		double		u = f < scan->width ?
			(double) vector[f] * scan->column[f] : 0;
		double		p = floor(u / user->unit + 0.5);
		int32_t		code;

		p = p > USER_MOST ? USER_MOST : p < -USER_MOST ? -USER_MOST : p;
		lacking += (u - p * user->unit) * (u - p * user->unit);
		code = (int32_t) p;
		user->code[f] = (int16_t) code;
		user->high[f] = (int8_t) ((code + 64 + (1 << 20)) / 128 - (1 << 13));
		user->low[f] = (int8_t) (code - 128 * user->high[f]);
		user->sum += code;
	}
	user->cosine = cosine;
	user->offset = offset;
	/* what a product in double may be wrong by is below that */
	user->norm = sqrt(square) * (1 + 1e-6);
	user->scaled_norm = rounded_up(sqrt(scaled));
	/* |e| is less than half of |v|: MOST is more than the root of the width */
	user->slack = rounded_up(1.5 * sqrt(lacking) +
							 user->scaled_norm / (1 << 18));
	user->constant = (float) (offset + fabs(offset) / (1 << 20)) + SMALL;
	/* a cosine has the norm of the vector itself below it, too */
	if (cosine)
	{
		float		inverse = rounded_up(1 / sqrt(square));

		user->unit *= inverse;
		user->scaled_norm = rounded_up(user->scaled_norm * inverse);
		user->slack = rounded_up(user->slack * inverse);
	}
	return true;
}
