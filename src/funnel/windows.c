/*
 * windows.c
 *		A window for each step: the last of a funnel's options.
 */
#include "postgres.h"

#include "funnel/funnel.h"

/* Steps among the conditions, of which others are excluded. */
static int
n_steps_of(const EventDefinition *definition)
{
	int			n = definition->kind.n_conditions;

	if ((definition->kind.mode & EVENT_MODE_EXCLUDE_LAST) != 0)
		return n - 1;
	return definition->options_len <= sizeof(uint64) ? n :
		n - (int) (definition->options_len - sizeof(uint64)) / 2;
}

/* The modes in which it is not known which step comes after which. */
static void
check_mode(const EventDefinition *definition, const char *options)
{
	uint64		optional = 0;

	if (definition->options_len > 0)
		memcpy(&optional, options, sizeof(optional));
	if (optional == 0 && (definition->kind.mode &
						  (AFFINITY_CHAIN_ANY_ORDER | EVENT_MODE_GROUPS)) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a window for each step cannot be combined with any_order "
					"or optional steps"),
			 errhint("Give one window for all steps, such as interval '7 days': "
					 "it is not known which step comes after which.")));
}

/*
 * Add the windows of the steps to the options that the mode of a definition
 * has in `options`, which has room for EVENT_MAX_OPTIONS bytes.
 */
void
affinity_funnel_windows_add(EventDefinition *definition, char *options,
							const int64 *windows, int n_windows)
{
	int			n_steps = n_steps_of(definition);
	Size		size = sizeof(int64) * (Size) n_windows;

	check_mode(definition, options);
	if (n_windows != n_steps - 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are %d steps and so %d windows between them, but "
						"%d are given", n_steps, n_steps - 1, n_windows),
				 errhint("Window N is how much later than step N the next step "
						 "may be: give one fewer than steps, or one window for "
						 "the whole funnel.")));
	if (n_windows == 0)
		return;
	if (definition->options_len == 0)
	{
		memset(options, 0, sizeof(uint64));
		definition->options_len = sizeof(uint64);
		if ((definition->kind.mode & EVENT_MODE_EXCLUDE_LAST) != 0)
		{
			options[definition->options_len++] = 0;
			options[definition->options_len++] = (char) n_steps;
		}
	}
	memcpy(options + definition->options_len, windows, size);
	definition->options_len += (uint32) size;
	definition->options = options;
	definition->kind.mode &= ~(uint32) EVENT_MODE_EXCLUDE_LAST;
	definition->kind.mode |= EVENT_MODE_SPACED;
}
