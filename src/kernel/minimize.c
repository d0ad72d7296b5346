/*
 * minimize.c
 *		The minimum of a smooth function of up to four variables, whose
 *		gradient is known: the method of Broyden, Fletcher, Goldfarb and Shanno
 *		(J. Nocedal, S. Wright, "Numerical Optimization", 2006, chapter 6), and
 *		Newton's method at its end.
 *
 * With so few variables BFGS keeps its whole matrix; limited memory would save
 * nothing. Newton's steps come from differences of the gradient. They say what
 * a small gradient does not: whether there is a minimum. Where a function only
 * falls towards a limit, as e^-x does, gradient and curvature vanish together,
 * and the step stays.
 */
#include "kernel/minimize.h"

#include <math.h>
#include <string.h>

#define N AFFINITY_VARIABLES

#define MAX_ROUNDS 200
#define MAX_STEP 2.0			/* of any variable, in a round */
#define SUFFICIENT 1e-4			/* of the decrease that the gradient promises */
#define NEWTON_ROUNDS 8
#define DIFFERENCE 1e-4
#define SMALL_STEP 1e-6			/* of Newton's method, at a minimum */

static double
dot(const double *a, const double *b, int n)
{
	double		sum = 0;

	for (int i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

static double
largest(const double *a, int n)
{
	double		most = 0;

	for (int i = 0; i < n; i++)
		most = fmax(most, fabs(a[i]));
	return most;
}

static double
evaluate(AffinityObjective f, void *data, int n, const double *x,
		 double *gradient, AffinityMinimum *minimum)
{
	double		value = f(x, gradient, data);

	minimum->calls++;
	for (int i = 0; i < n; i++)
		if (!isfinite(gradient[i]))
			return HUGE_VAL;
	return isnan(value) ? HUGE_VAL : value;
}

static bool
is_spent(const AffinityMinimum *m)
{
	return m->max_calls > 0 && m->calls >= m->max_calls;
}

/* -inverse * gradient, no longer than MAX_STEP and downhill. */
static double
direction_of(const AffinityMinimum *m, int n, double *direction)
{
	double		length;

	for (int i = 0; i < n; i++)
		direction[i] = -dot(m->inverse[i], m->gradient, n);
	if (!(dot(direction, m->gradient, n) < 0))
		for (int i = 0; i < n; i++)
			direction[i] = -m->gradient[i];
	length = largest(direction, n);
	if (length > MAX_STEP)
		for (int i = 0; i < n; i++)
			direction[i] *= MAX_STEP / length;
	return dot(direction, m->gradient, n);
}

/*
 * A step along the direction that decreases the value enough; false where
 * there is none.
 */
static bool
search(AffinityObjective f, void *data, int n, double limit,
	   const double *direction, double slope, AffinityMinimum *m, double *x,
	   double *value, double *gradient)
{
	double		t = 1;

	for (int i = 0; i < 40 && !is_spent(m); i++)
	{
		double		better;

		for (int j = 0; j < n; j++)
			x[j] = fmax(fmin(m->x[j] + t * direction[j], limit), -limit);
		*value = evaluate(f, data, n, x, gradient, m);
		if (*value <= m->value + SUFFICIENT * t * slope)
			return true;
		/* the minimum of the parabola through both values and the slope */
		better = isfinite(*value) ?
			-slope * t * t / (2 * (*value - m->value - slope * t)) : 0;
		t = fmax(fmin(better, 0.5 * t), 0.1 * t);
	}
	return false;
}

/* What the step and the change of the gradient say of the inverse. */
static void
update_inverse(AffinityMinimum *m, int n, const double *s, const double *y,
			   bool first)
{
	double		sy = dot(s, y, n);
	double		hy[N];
	double		yhy;

	if (!(sy > 1e-10 * sqrt(dot(s, s, n) * dot(y, y, n))))
		return;
	if (first)
		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++)
				m->inverse[i][j] = i == j ? sy / dot(y, y, n) : 0;
	for (int i = 0; i < n; i++)
		hy[i] = dot(m->inverse[i], y, n);
	yhy = dot(y, hy, n);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			m->inverse[i][j] += (1 + yhy / sy) * s[i] * s[j] / sy -
				(hy[i] * s[j] + s[i] * hy[j]) / sy;
}

/*
 * From minimum->x, within limits. minimum->inverse may be known, where
 * minimum->positive says so.
 */
void
affinity_kernel_descend(AffinityObjective f, void *data, int n, double limit,
						AffinityMinimum *m)
{
	bool		first = !m->positive;

	m->value = evaluate(f, data, n, m->x, m->gradient, m);
	if (first)
	{
		double		length = largest(m->gradient, n);

		memset(m->inverse, 0, sizeof(m->inverse));
		for (int i = 0; i < n; i++)
			m->inverse[i][i] = length > 0 ? 0.5 / length : 1;
	}
	for (int round = 0; round < MAX_ROUNDS; round++)
	{
		double		direction[N];
		double		x[N];
		double		gradient[N];
		double		s[N];
		double		y[N];
		double		value;
		double		slope = direction_of(m, n, direction);

		if (!isfinite(m->value) || -slope <= 1e-13 * fabs(m->value) ||
			!search(f, data, n, limit, direction, slope, m, x, &value, gradient))
			break;
		for (int i = 0; i < n; i++)
		{
			s[i] = x[i] - m->x[i];
			y[i] = gradient[i] - m->gradient[i];
		}
		update_inverse(m, n, s, y, first);
		first = false;
		memcpy(m->x, x, sizeof(x[0]) * n);
		memcpy(m->gradient, gradient, sizeof(gradient[0]) * n);
		m->value = value;
		if (largest(m->x, n) >= limit)
			break;
	}
}

/* The inverse of a symmetric matrix; false unless it is positive definite. */
static bool
invert(double a[N][N], int n, double inverse[N][N])
{
	double		l[N][N];
	double		largest_diagonal = 0;

	memset(l, 0, sizeof(l));
	for (int i = 0; i < n; i++)
		largest_diagonal = fmax(largest_diagonal, fabs(a[i][i]));
	for (int i = 0; i < n; i++)
	{
		for (int j = 0; j <= i; j++)
		{
			double		sum = a[i][j];

			for (int k = 0; k < j; k++)
				sum -= l[i][k] * l[j][k];
			if (i == j && !(sum > 1e-10 * largest_diagonal))
				return false;
			l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
		}
	}
	for (int column = 0; column < n; column++)
	{
		double		v[N];

		for (int i = 0; i < n; i++)
		{
			v[i] = i == column;
			for (int k = 0; k < i; k++)
				v[i] -= l[i][k] * v[k];
			v[i] /= l[i][i];
		}
		for (int i = n - 1; i >= 0; i--)
		{
			for (int k = i + 1; k < n; k++)
				v[i] -= l[k][i] * v[k];
			v[i] /= l[i][i];
			inverse[i][column] = v[i];
		}
	}
	return true;
}

/* The inverse of the second derivatives, from differences of the gradient. */
static bool
second_derivatives(AffinityObjective f, void *data, int n, AffinityMinimum *m)
{
	double		second[N][N];

	for (int i = 0; i < n; i++)
	{
		double		x[N];
		double		above[N];
		double		below[N];

		memcpy(x, m->x, sizeof(x[0]) * n);
		x[i] = m->x[i] + DIFFERENCE;
		if (!isfinite(evaluate(f, data, n, x, above, m)))
			return false;
		x[i] = m->x[i] - DIFFERENCE;
		if (!isfinite(evaluate(f, data, n, x, below, m)))
			return false;
		for (int j = 0; j < n; j++)
			second[i][j] = (above[j] - below[j]) / (2 * DIFFERENCE);
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			second[i][j] = second[j][i] = (second[i][j] + second[j][i]) / 2;
	return invert(second, n, m->inverse);
}

/*
 * Newton's method from near the minimum, and whether it is one. The matrix is
 * computed anew only after a step that was not small.
 */
void
affinity_kernel_polish(AffinityObjective f, void *data, int n, double limit,
					   AffinityMinimum *m)
{
	m->positive = m->converged = false;
	m->step = HUGE_VAL;
	if (!isfinite(m->value))
		return;
	m->positive = second_derivatives(f, data, n, m);
	for (int round = 0; round < NEWTON_ROUNDS && m->positive; round++)
	{
		double		step[N];
		double		x[N];
		double		gradient[N];
		double		value;

		for (int i = 0; i < n; i++)
			step[i] = -dot(m->inverse[i], m->gradient, n);
		m->step = largest(step, n);
		m->converged = m->step < SMALL_STEP;
		if (!(m->step > 1e-10 && m->step <= MAX_STEP))
			break;
		for (int i = 0; i < n; i++)
			x[i] = m->x[i] + step[i];
		if (largest(x, n) >= limit)
			break;
		value = evaluate(f, data, n, x, gradient, m);
		/* at the minimum values differ by what rounding makes of them */
		if (!(value <= m->value + 1e-12 * fabs(m->value)))
			break;
		memcpy(m->x, x, sizeof(x[0]) * n);
		memcpy(m->gradient, gradient, sizeof(gradient[0]) * n);
		m->value = value;
		if (m->step > 1e-3)
			m->positive = !is_spent(m) && second_derivatives(f, data, n, m);
	}
	m->converged = m->converged && m->positive;
}
