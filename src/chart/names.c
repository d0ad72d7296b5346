/*
 * names.c
 *		Labels that occur more than once, such as rows of a heat map: each gets
 *		a number, in the order in which they first occur.
 */
#include "postgres.h"

#include <math.h>

#include "chart/chart.h"

typedef struct Numbered
{
	double		value;
	int			number;
} Numbered;

typedef struct Named
{
	char	   *name;
	int			entry;
} Named;

static int
by_name(const void *a, const void *b)
{
	const Named *x = a;
	const Named *y = b;
	int			c = strcmp(x->name, y->name);

	return c != 0 ? c : x->entry < y->entry ? -1 : x->entry > y->entry;
}

/* NULL is a label like another, which nobody sees. */
ChartNames
affinity_chart_names(const ChartStrings *strings)
{
	ChartNames	names;
	Named	   *sorted = affinity_base_array(strings->n, sizeof(Named));
	int		   *first = affinity_base_array(strings->n, sizeof(int));

	names.n = 0;
	names.name = affinity_base_array(strings->n, sizeof(char *));
	names.of = affinity_base_array(strings->n, sizeof(int));
	for (int i = 0; i < strings->n; i++)
	{
		sorted[i].name = strings->value[i] ? strings->value[i] : "";
		sorted[i].entry = i;
	}
	qsort(sorted, strings->n, sizeof(Named), by_name);
	for (int i = 0; i < strings->n; i++)
		first[sorted[i].entry] =
			i > 0 && strcmp(sorted[i].name, sorted[i - 1].name) == 0 ?
			first[sorted[i - 1].entry] : sorted[i].entry;
	for (int i = 0; i < strings->n; i++)
	{
		if (first[i] == i)
		{
			names.of[i] = names.n;
			names.name[names.n++] = strings->value[i] ? strings->value[i] : "";
		}
		else
			names.of[i] = names.of[first[i]];
	}
	pfree(sorted);
	pfree(first);
	return names;
}

static int
by_value(const void *a, const void *b)
{
	const Numbered *x = a;
	const Numbered *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* Labels that are all numbers, in the order of these. */
void
affinity_chart_order_numbers(ChartNames *names, int n_entries)
{
	Numbered   *sorted = affinity_base_array(names->n, sizeof(Numbered));
	int		   *place = affinity_base_array(names->n, sizeof(int));
	char	  **name = affinity_base_array(names->n, sizeof(char *));

	for (int i = 0; i < names->n; i++)
	{
		char	   *end;

		sorted[i].number = i;
		sorted[i].value = strtod(names->name[i], &end);
		if (end == names->name[i] || *end != '\0' || !isfinite(sorted[i].value))
			return;
	}
	qsort(sorted, names->n, sizeof(Numbered), by_value);
	for (int i = 0; i < names->n; i++)
	{
		place[sorted[i].number] = i;
		name[i] = names->name[sorted[i].number];
	}
	names->name = name;
	for (int i = 0; i < n_entries; i++)
		names->of[i] = place[names->of[i]];
}
