/*
 * vector_template.h
 *		The kernels of vector.c for one type of element.
 *
 * Before including it define ELEMENT (the type), LOAD(p) (four elements at p
 * as a quad) and NAME(name) (a function's full name); they are undefined at
 * the end. Each function takes two quads a round, so that two additions are
 * under way at once, and then what is left one by one.
 */

AFFINITY_MULTIVERSION double
NAME(affinity_kernel_dot) (const ELEMENT *x, const ELEMENT *y, size_t n)
{
	quad		even = {0};
	quad		odd = {0};
	double		sum;
	size_t		i;

	for (i = 0; i + ROUND <= n; i += ROUND)
	{
		even += LOAD(x + i) * LOAD(y + i);
		odd += LOAD(x + i + QUAD) * LOAD(y + i + QUAD);
	}
	even += odd;
	sum = QUAD_SUM(even);
	for (; i < n; i++)
		sum += (double) x[i] * (double) y[i];
	return sum;
}

AFFINITY_MULTIVERSION double
NAME(affinity_kernel_absolute) (const ELEMENT *x, const ELEMENT *y, size_t n)
{
	quad		even = {0};
	quad		odd = {0};
	double		sum;
	size_t		i;

	for (i = 0; i + ROUND <= n; i += ROUND)
	{
		quad		d = LOAD(x + i) - LOAD(y + i);
		quad		e = LOAD(x + i + QUAD) - LOAD(y + i + QUAD);

		even += QUAD_ABS(d);
		odd += QUAD_ABS(e);
	}
	even += odd;
	sum = QUAD_SUM(even);
	for (; i < n; i++)
		sum += fabs((double) x[i] - (double) y[i]);
	return sum;
}

AFFINITY_MULTIVERSION double
NAME(affinity_kernel_squared) (const ELEMENT *x, const ELEMENT *y, size_t n)
{
	quad		even = {0};
	quad		odd = {0};
	double		sum;
	size_t		i;

	for (i = 0; i + ROUND <= n; i += ROUND)
	{
		quad		d = LOAD(x + i) - LOAD(y + i);
		quad		e = LOAD(x + i + QUAD) - LOAD(y + i + QUAD);

		even += d * d;
		odd += e * e;
	}
	even += odd;
	sum = QUAD_SUM(even);
	for (; i < n; i++)
	{
		double		d = (double) x[i] - (double) y[i];

		sum += d * d;
	}
	return sum;
}

AFFINITY_MULTIVERSION void
NAME(affinity_kernel_products) (const ELEMENT *x, const ELEMENT *y, size_t n,
								AffinityProducts *sums)
{
	quad		xx = {0};
	quad		yy = {0};
	quad		xy = {0};
	quad		odd_xx = {0};
	quad		odd_yy = {0};
	quad		odd_xy = {0};
	size_t		i;

	for (i = 0; i + ROUND <= n; i += ROUND)
	{
		quad		vx = LOAD(x + i);
		quad		vy = LOAD(y + i);
		quad		wx = LOAD(x + i + QUAD);
		quad		wy = LOAD(y + i + QUAD);

		xx += vx * vx;
		yy += vy * vy;
		xy += vx * vy;
		odd_xx += wx * wx;
		odd_yy += wy * wy;
		odd_xy += wx * wy;
	}
	xx += odd_xx;
	yy += odd_yy;
	xy += odd_xy;
	sums->xx += QUAD_SUM(xx);
	sums->yy += QUAD_SUM(yy);
	sums->xy += QUAD_SUM(xy);
	for (; i < n; i++)
	{
		sums->xx += (double) x[i] * (double) x[i];
		sums->yy += (double) y[i] * (double) y[i];
		sums->xy += (double) x[i] * (double) y[i];
	}
}

AFFINITY_MULTIVERSION void
NAME(affinity_kernel_totals) (const ELEMENT *x,
							  const ELEMENT *y,
							  size_t n,
							  double first_x,
							  double first_y,
							  AffinityTotals *sums)
{
	quad		total_x = {0};
	quad		total_y = {0};
	quad		odd_x = {0};
	quad		odd_y = {0};
	quad_mask	varies_x = {0};
	quad_mask	varies_y = {0};
	size_t		i;

	for (i = 0; i + ROUND <= n; i += ROUND)
	{
		quad		vx = LOAD(x + i);
		quad		vy = LOAD(y + i);
		quad		wx = LOAD(x + i + QUAD);
		quad		wy = LOAD(y + i + QUAD);

		total_x += vx;
		total_y += vy;
		odd_x += wx;
		odd_y += wy;
		varies_x |= (vx != first_x) | (wx != first_x);
		varies_y |= (vy != first_y) | (wy != first_y);
	}
	total_x += odd_x;
	total_y += odd_y;
	sums->x += QUAD_SUM(total_x);
	sums->y += QUAD_SUM(total_y);
	sums->x_varies |= QUAD_ANY(varies_x);
	sums->y_varies |= QUAD_ANY(varies_y);
	for (; i < n; i++)
	{
		sums->x += (double) x[i];
		sums->y += (double) y[i];
		sums->x_varies |= ((double) x[i] != first_x);
		sums->y_varies |= ((double) y[i] != first_y);
	}
}

AFFINITY_MULTIVERSION void
NAME(affinity_kernel_deviations) (const ELEMENT *x, const ELEMENT *y, size_t n,
								  double center_x, double center_y,
								  AffinityDeviations *sums)
{
	quad		total_x = {0};
	quad		total_y = {0};
	quad		xx = {0};
	quad		yy = {0};
	quad		xy = {0};
	size_t		i;

	/* Five sums are under way at once as it is. */
	for (i = 0; i + QUAD <= n; i += QUAD)
	{
		quad		dx = LOAD(x + i) - center_x;
		quad		dy = LOAD(y + i) - center_y;

		total_x += dx;
		total_y += dy;
		xx += dx * dx;
		yy += dy * dy;
		xy += dx * dy;
	}
	sums->x += QUAD_SUM(total_x);
	sums->y += QUAD_SUM(total_y);
	sums->xx += QUAD_SUM(xx);
	sums->yy += QUAD_SUM(yy);
	sums->xy += QUAD_SUM(xy);
	for (; i < n; i++)
	{
		double		dx = (double) x[i] - center_x;
		double		dy = (double) y[i] - center_y;

		sums->x += dx;
		sums->y += dy;
		sums->xx += dx * dx;
		sums->yy += dy * dy;
		sums->xy += dx * dy;
	}
}

#undef ELEMENT
#undef LOAD
#undef NAME
