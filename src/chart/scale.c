/*
 * scale.c
 *		Numbers to places and to text: ticks at 1, 2 or 5 times a power of 10,
 *		and numbers as short as a reader needs them.
 */
#include "postgres.h"

#include <math.h>

#include "chart/chart.h"

/* The step of 1, 2 or 5 times a power of 10 that is not below one. */
static double
round_step(double step)
{
	double		power = pow(10, floor(log10(step)));
	double		lead = step / power;

	return (lead <= 1.0000001 ? 1 : lead <= 2.0000001 ? 2 :
			lead <= 5.0000001 ? 5 : 10) * power;
}

/*
 * A scale whose ends are ticks, about as many as wanted. What is one value
 * alone gets room on both sides.
 */
ChartScale
affinity_chart_scale(double low, double high, int ticks)
{
	ChartScale	scale = {0};
	double		least = Max(fabs(low), fabs(high)) * 1e-9;

	if (high - low <= Max(least, 1e-290))
	{
		double		room = high == 0 ? 1 : fabs(high) / 2;

		if (high != 0 && low > 0)
			low -= room;
		high += room;
	}
	scale.step = round_step((high - low) / Max(ticks, 1));
	scale.low = floor(low / scale.step + 1e-9) * scale.step;
	scale.n_ticks = (int) ceil((high - scale.low) / scale.step - 1e-9) + 1;
	scale.n_ticks = Min(Max(scale.n_ticks, 2), 1000);
	scale.high = scale.low + (scale.n_ticks - 1) * scale.step;
	return scale;
}

/* 1234567 as 1,234,567. */
static char *
grouped(double whole)
{
	char	   *digits = psprintf("%.0f", fabs(whole));
	int			n = (int) strlen(digits);
	StringInfoData out;

	initStringInfo(&out);
	if (whole < 0 && strcmp(digits, "0") != 0)
		appendStringInfoString(&out, "\xe2\x88\x92");
	for (int i = 0; i < n; i++)
	{
		if (i > 0 && (n - i) % 3 == 0)
			appendStringInfoChar(&out, ',');
		appendStringInfoChar(&out, digits[i]);
	}
	return out.data;
}

/* Without the zeros after the point that say nothing. */
static char *
trimmed(char *number)
{
	if (strchr(number, '.') && !strchr(number, 'e'))
	{
		char	   *end = number + strlen(number);

		while (end[-1] == '0')
			*--end = '\0';
		if (end[-1] == '.')
			end[-1] = '\0';
	}
	return number;
}

static char *
with_sign(double value, char *absolute)
{
	return value < 0 ? psprintf("\xe2\x88\x92%s", absolute) : absolute;
}

/* 2,340,000 as 2.34M: what is below 100,000 stays as it is. */
static char *
compact(double value)
{
	static const char *const suffix[] = {"", "k", "M", "G", "T"};
	double		size = fabs(value);
	int			power = 0;

	if (size < 99999.5)
		return NULL;
	while (power < 4 && size >= 999.5)
	{
		size /= 1000;
		power++;
	}
	if (size >= 999.5)
		return with_sign(value, psprintf("%.3g", fabs(value)));
	return with_sign(value,
					 psprintf("%s%s", trimmed(psprintf("%.*f", size >= 99.95 ?
													   0 : size >= 9.995 ? 1 :
													   2, size)),
							  suffix[power]));
}

/* A value as a mark's label: three digits, more where it is a count. */
char *
affinity_chart_number(double value, bool percent)
{
	double		shown = percent ? value * 100 : value;
	char	   *number = compact(shown);

	if (number)
		;
	else if (shown == rint(shown) || fabs(shown) >= 999.5)
		number = grouped(rint(shown));
	else if (fabs(shown) < 1e-3)
		number = with_sign(shown, psprintf("%.2g", fabs(shown)));
	else
		number = with_sign(shown,
						   trimmed(psprintf("%.*f", fabs(shown) >= 99.95 ? 0 :
											fabs(shown) >= 9.995 ? 1 : 2,
											fabs(shown))));
	return percent ? psprintf("%s %%", number) : number;
}

/* Do three digits tell a tick from the next? */
static bool
is_coarse(double shown, double by)
{
	return by >= 1000 && floor(log10(by) + 1e-9) >=
		floor(log10(Max(fabs(shown), 1))) - 2;
}

/* A tick: with the digits that its step needs. */
char *
affinity_chart_tick(double value, double step, bool percent)
{
	double		shown = percent ? value * 100 : value;
	double		by = percent ? step * 100 : step;
	char	   *number = NULL;

	if (fabs(shown) < by * 1e-6)
		shown = 0;
	if (is_coarse(shown, by))
		number = compact(shown);
	if (!number && fabs(shown) >= 1e15)
		number = with_sign(shown, psprintf("%.3g", fabs(shown)));
	if (!number && by >= 1)
		number = grouped(shown);
	if (!number && by >= 1e-6)
		number = with_sign(shown, psprintf("%.*f", (int) ceil(-log10(by) - 1e-9),
										   fabs(shown)));
	if (!number)
		number = with_sign(shown, psprintf("%.3g", fabs(shown)));
	return percent ? psprintf("%s %%", number) : number;
}
