/*
 * mode.c
 *		The words of a funnel's mode, and what they come to.
 *
 * A mode is a list of words, three of which take numbers of conditions:
 *
 *		strict_order, optional 2 3, exclude 5 between 1 and 2
 *		any_order 2 3, any_order 4 5, exclude 6
 *
 * Words without numbers are bits of a mode (EventKind). Optional steps, groups
 * of steps in any order, and exclusions other than that of the last condition
 * everywhere (which has a bit) are options: a few bytes that a state has
 * before its rows (EVENT_MAX_OPTIONS), so that only states with the same ones
 * can be merged.
 */
#include "postgres.h"

#include "funnel/funnel.h"

/*
 * The words without numbers. Messages name a bit by the first word that it
 * has: other words for it stand below.
 */
static const struct
{
	const char *word;
	uint32		mode;
}			mode_words[] =

{
	{"default", 0},
	{"strict_order", AFFINITY_CHAIN_ORDER},
	{"strict_deduplication", AFFINITY_CHAIN_DEDUPLICATION},
	{"strict", AFFINITY_CHAIN_DEDUPLICATION},
	{"strict_increase", AFFINITY_CHAIN_INCREASE},
	{"increase", AFFINITY_CHAIN_INCREASE},
	{"deduplication", AFFINITY_CHAIN_UNIQUE},
	{"fixed", AFFINITY_CHAIN_FIXED},
	{"adjacent", AFFINITY_CHAIN_FIXED | AFFINITY_CHAIN_ORDER},
	{"strict_once", FUNNEL_MODE_ONCE},
	{"allow_reentry", AFFINITY_CHAIN_REENTRY},
	{"same_row", AFFINITY_CHAIN_SAME_ROW},
	{"exclude_last", EVENT_MODE_EXCLUDE_LAST},
	{"hold_last", EVENT_MODE_HOLD_INT},
	{"first_attempt", EVENT_MODE_FIRST},
};

#define MODE_HINT "Modes are default, strict_order, strict_deduplication " \
	"(or strict), strict_increase (or increase), strict_once, allow_reentry, " \
	"deduplication, fixed, adjacent, same_row, any_order, " \
	"any_order N M ... (these steps), optional N, " \
	"exclude N, exclude N between A and B, exclude_last, hold_last and " \
	"first_attempt; " \
	"separate several by commas."

static const char separators[] = ", +|\t\n";

/* What a mode says of the conditions' numbers. */
typedef struct ModeNumbers
{
	int			n_conditions;
	uint64		optional;
	uint64		grouped;		/* steps of groups in any order */
	uint64		groups;			/* those but the first of each group */
	uint64		excluded;
	uint8		after[AFFINITY_MAX_STEPS];	/* of each excluded condition */
	uint8		before[AFFINITY_MAX_STEPS]; /* 0: everywhere */
} ModeNumbers;

static bool
same_word(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && pg_strncasecmp(text, word, len) == 0;
}

/* The next word of *text and its length; 0 at the end. */
static size_t
next_word(const char **text)
{
	*text += strspn(*text, separators);
	return strcspn(*text, separators);
}

static void
unknown_word(const char *text, size_t len)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown funnel mode \"%.*s\"", (int) Min(len, 64), text),
			 errhint(MODE_HINT)));
}

/* The number that stands next, if one does: *text moves on. 0: none does. */
static int
next_number(const char **text)
{
	size_t		len = next_word(text);
	size_t		digits = strspn(*text, "0123456789");
	int			number = 0;

	if (len == 0 || digits != len)
		return 0;
	for (size_t i = 0; i < len; i++)
		number = Min(number * 10 + ((*text)[i] - '0'), 1000000);
	if (number == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("conditions are numbered from 1"),
				 errhint("For example exclude 4.")));
	*text += len;
	return number;
}

static void
exclude(ModeNumbers *numbers, int condition)
{
	uint64		bit;

	if (condition > numbers->n_conditions)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("condition %d is excluded, but there are only %d",
						condition, numbers->n_conditions),
				 errhint("Conditions are numbered from 1, in the order of the arguments.")));
	bit = UINT64CONST(1) << (condition - 1);
	if ((numbers->excluded & bit) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("condition %d is excluded twice", condition),
				 errhint("Name each condition once.")));
	numbers->excluded |= bit;
	numbers->after[condition - 1] = numbers->before[condition - 1] = 0;
}

/* "optional" has been read; numbers follow. */
static void
read_optional(const char **text, ModeNumbers *numbers)
{
	int			step = next_number(text);

	if (step == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("funnel mode optional needs the number of a step"),
				 errhint("Write optional 2, or optional 2 3.")));
	for (; step != 0; step = next_number(text))
	{
		uint64		bit;

		if (step == 1 || step > numbers->n_conditions)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("step %d cannot be optional", step),
					 errhint("Steps from the second to the last can be: a "
							 "funnel begins with its first step.")));
		bit = UINT64CONST(1) << (step - 1);
		if ((numbers->optional & bit) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("step %d is optional twice", step),
					 errhint("Name each step once.")));
		numbers->optional |= bit;
	}
}

/*
 * "any_order" has been read. Numbers may follow: the steps of a group.
 * Without them it is the whole funnel's mode.
 */
static uint32
read_any_order(const char **text, ModeNumbers *numbers)
{
	int			step = next_number(text);
	uint64		group = 0;
	uint64		lowest;

	if (step == 0)
		return AFFINITY_CHAIN_ANY_ORDER;
	for (; step != 0; step = next_number(text))
	{
		uint64		bit;

		if (step > numbers->n_conditions)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("step %d may be taken in any order, but there are "
							"only %d conditions", step, numbers->n_conditions),
					 errhint("Steps are numbered from 1, in the order of the "
							 "arguments.")));
		bit = UINT64CONST(1) << (step - 1);
		if (((group | numbers->grouped) & bit) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("step %d is named twice after any_order", step),
					 errhint("A step belongs to one group: any_order 2 3, "
							 "any_order 4 5.")));
		group |= bit;
	}
	lowest = group & -group;
	/* adding the lowest to neighbors carries into one bit above them */
	if (group == lowest || ((group + lowest) & group) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("funnel mode any_order needs two or more steps side by "
						"side"),
				 errhint("Write any_order 2 3 for two steps, any_order 2 3, "
						 "any_order 5 6 for two groups, or any_order alone for "
						 "all steps.")));
	numbers->grouped |= group;
	numbers->groups |= group & ~lowest;
	return EVENT_MODE_GROUPS;
}

/* "between" has been read; two steps with "and" between them follow. */
static void
read_between(const char **text, ModeNumbers *numbers, uint64 conditions)
{
	int			after = next_number(text);
	size_t		len = next_word(text);
	int			before = 0;

	if (same_word(*text, len, "and"))
	{
		*text += len;
		before = next_number(text);
	}
	if (after == 0 || before <= after || before > numbers->n_conditions)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("funnel mode exclude needs two steps in order after "
						"\"between\""),
				 errhint("Write exclude 4 between 1 and 2.")));
	for (; conditions != 0; conditions &= conditions - 1)
	{
		numbers->after[__builtin_ctzll(conditions)] = (uint8) after;
		numbers->before[__builtin_ctzll(conditions)] = (uint8) before;
	}
}

/* "exclude" has been read; numbers follow, and possibly "between". */
static void
read_exclude(const char **text, ModeNumbers *numbers)
{
	uint64		before = numbers->excluded;
	int			condition = next_number(text);
	size_t		len;

	if (condition == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("funnel mode exclude needs the number of a condition"),
				 errhint("Write exclude 4, or exclude 4 between 1 and 2.")));
	for (; condition != 0; condition = next_number(text))
		exclude(numbers, condition);
	len = next_word(text);
	if (same_word(*text, len, "between"))
	{
		*text += len;
		read_between(text, numbers, numbers->excluded & ~before);
	}
}

static uint32
read_words(const char *text, ModeNumbers *numbers)
{
	uint32		mode = 0;
	size_t		len;

	while ((len = next_word(&text)) > 0)
	{
		const char *word = text;
		size_t		i = 0;

		text += len;
		if (same_word(word, len, "optional"))
			read_optional(&text, numbers);
		else if (same_word(word, len, "exclude"))
			read_exclude(&text, numbers);
		else if (same_word(word, len, "any_order"))
			mode |= read_any_order(&text, numbers);
		else
		{
			while (i < lengthof(mode_words) &&
				   !same_word(word, len, mode_words[i].word))
				i++;
			if (i == lengthof(mode_words))
				unknown_word(word, len);
			mode |= mode_words[i].mode;
		}
	}
	return mode;
}

/* Words that contradict each other. */
static void
check_words(uint32 mode, const ModeNumbers *numbers)
{
	bool		between = false;

	for (uint64 rest = numbers->excluded; rest != 0; rest &= rest - 1)
		between = between || numbers->before[__builtin_ctzll(rest)] != 0;
	if ((mode & AFFINITY_CHAIN_SAME_ROW) != 0 &&
		(numbers->excluded != 0 ||
		 (mode & (AFFINITY_CHAIN_BETWEEN | FUNNEL_MODE_ONCE)) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("funnel mode same_row cannot be combined with "
						"strict_once, strict_order, adjacent, fixed, "
						"deduplication, strict_deduplication or exclude"),
				 errhint("Leave out same_row: a row then satisfies one step.")));
	if ((mode & AFFINITY_CHAIN_ANY_ORDER) != 0 &&
		(numbers->optional != 0 || between ||
		 (mode & (AFFINITY_CHAIN_BETWEEN | AFFINITY_CHAIN_REENTRY)) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("funnel mode any_order cannot be combined with "
						"strict_order, adjacent, fixed, deduplication, "
						"strict_deduplication, allow_reentry, optional or "
						"exclude ... between"),
				 errhint("In any order there is nothing between two steps, and "
						 "any step may be missing: the steps that a user took "
						 "are counted.")));
	if ((mode & EVENT_MODE_GROUPS) != 0 &&
		(numbers->optional != 0 || between ||
		 (mode & (AFFINITY_CHAIN_BETWEEN | AFFINITY_CHAIN_REENTRY |
				  AFFINITY_CHAIN_ANY_ORDER)) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("steps in any order cannot be combined with any_order "
						"for all steps, strict_order, adjacent, fixed, "
						"deduplication, strict_deduplication, allow_reentry, "
						"optional or exclude ... between"),
				 errhint("Combine any_order 2 3 with strict_increase, same_row, "
						 "hold_last and exclude N.")));
}

/* Steps come first, then what is excluded. Returns the number of steps. */
static int
check_numbers(const ModeNumbers *numbers)
{
	int			n_steps = numbers->n_conditions -
		__builtin_popcountll(numbers->excluded);
	int			i;

	if (n_steps < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all conditions are excluded, and no step is left"),
				 errhint("Give the steps first and then the condition of rows "
						 "that end a chain.")));
	if (numbers->excluded != 0 &&
		numbers->excluded >> n_steps << n_steps != numbers->excluded)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("condition %d is excluded, but a step comes after it",
						__builtin_ctzll(numbers->excluded) + 1),
				 errhint("Give the steps first and then the conditions of rows "
						 "that end a chain.")));
	if (numbers->optional >> (n_steps - 1) >> 1 != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an excluded condition cannot be an optional step"),
				 errhint("The excluded conditions come after the steps.")));
	if (numbers->groups >> (n_steps - 1) >> 1 != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an excluded condition cannot be a step in any order"),
				 errhint("The excluded conditions come after the steps.")));
	for (uint64 rest = numbers->excluded; rest != 0; rest &= rest - 1)
	{
		i = __builtin_ctzll(rest);
		if (numbers->before[i] > n_steps)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("condition %d is excluded before step %d, but there "
							"are only %d steps",
							i + 1, numbers->before[i], n_steps),
					 errhint("Steps are the conditions that are not excluded.")));
	}
	return n_steps;
}

/*
 * Read a mode for so many conditions. Its options, at most EVENT_MAX_OPTIONS
 * bytes, go to `options`.
 */
uint32
affinity_funnel_mode_read(const char *text, int n_conditions, char *options,
						  uint32 *options_len)
{
	ModeNumbers numbers;
	uint32		mode;
	uint64		set;
	int			n_steps;

	memset(&numbers, 0, sizeof(numbers));
	numbers.n_conditions = n_conditions;
	mode = read_words(text, &numbers);
	if ((mode & EVENT_MODE_EXCLUDE_LAST) != 0)
		exclude(&numbers, n_conditions);
	check_words(mode, &numbers);
	n_steps = check_numbers(&numbers);
	mode &= ~(uint32) (EVENT_MODE_EXCLUDE_LAST | FUNNEL_MODE_ONCE);
	*options_len = 0;
	set = numbers.optional | numbers.groups;	/* one of them is empty */
	if (set == 0 && (n_steps == n_conditions ||
					 (n_steps == n_conditions - 1 &&
					  numbers.before[n_steps] == 0)))
		return n_steps == n_conditions ? mode : mode |
			EVENT_MODE_EXCLUDE_LAST;
	memcpy(options, &set, sizeof(uint64));
	*options_len = sizeof(uint64);
	for (int i = n_steps; i < n_conditions; i++)
	{
		options[(*options_len)++] = (char) numbers.after[i];
		options[(*options_len)++] = (char) (numbers.before[i] == 0 ? n_steps :
											numbers.before[i]);
	}
	return mode;
}

/* Does a mode say that the last argument is a property to hold? */
bool
affinity_funnel_mode_holds(const char *text)
{
	size_t		len;

	for (; (len = next_word(&text)) > 0; text += len)
		if (same_word(text, len, "hold_last"))
			return true;
	return false;
}

/* The word for a bit of a mode. */
const char *
affinity_funnel_mode_word(uint32 bit)
{
	for (size_t i = 0; i < lengthof(mode_words); i++)
		if (mode_words[i].mode == bit)
			return mode_words[i].word;
	return "any_order";
}
