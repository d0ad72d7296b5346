/*
 * attribution.h
 *		Type attribution: touches and conversions of users; and what reports
 *		make of them.
 *
 * A state has every row, as who touched what before a conversion is known
 * only when all rows of a user are together. At rest it is packed (packed.c):
 * users in the order of a hash of their id, rows in order of time.
 */
#ifndef AFFINITY_ATTRIBUTION_ATTRIBUTION_H
#define AFFINITY_ATTRIBUTION_ATTRIBUTION_H

#include "postgres.h"

#include "fmgr.h"

#include "base/base.h"
#include "eventlog/eventlog.h"

#ifndef HAVE_INT128
#error "sums of attribution need integers of 128 bits"
#endif

#define ATTRIBUTION_MAGIC 0x42525441	/* "ATRB" */
#define ATTRIBUTION_VERSION 1

/* The channel of rows without one, which is number 0. */
#define ATTRIBUTION_NONE "(none)"

/* A state at rest. */
typedef struct Attribution
{
	int32		vl_len_;
	uint32		magic;
	uint8		version;
	uint8		time_kind;		/* EventTime, of times with a clock */
	uint8		user_kind;		/* AffinityIdKind */
	uint8		unused;
	uint32		n_channels;		/* names; number 0 is not among them */
	int64		lookback;		/* microseconds; 0: everything before */
	uint64		n_users;
	uint64		n_rows;
	double		largest;		/* magnitude of a value */
	char		data[FLEXIBLE_ARRAY_MEMBER];	/* names, users */
} Attribution;

#define ATTRIBUTION_HEADER offsetof(Attribution, data)

/* What a row says beside its user and time; as it is stored. */
#define TOUCH_VALUE 1			/* a value follows */
#define TOUCH_CONVERTED 2
#define TOUCH_CHANNEL(what) ((what) >> 2)
#define TOUCH_WHAT(channel, flags) ((channel) << 2 | (flags))
#define TOUCH_CHANNEL_MAX ((UINT32_C(1) << 21) - 4)

/* One row of a user. */
typedef struct Touch
{
	int64		at;
	double		value;			/* of a conversion */
	uint32		what;
} Touch;

/* A row without a channel that converts is a conversion and no touch. */
static inline bool
touch_is_touch(const Touch *touch)
{
	return touch->what > (TOUCH_CONVERTED | TOUCH_VALUE) ||
		(touch->what & TOUCH_CONVERTED) == 0;
}

typedef struct ChannelName
{
	const char *bytes;
	uint32		len;
} ChannelName;

/* growing.c: a state under an aggregate; see there */
typedef struct Growing Growing;

extern Growing *affinity_attribution_create(MemoryContext parent,
											const Attribution *like);
extern Growing *affinity_attribution_growing(Datum value,
											 MemoryContext parent);
extern void affinity_attribution_add(Growing *growing, EventUserId mixed,
									 const Touch *touch);
extern uint32 affinity_attribution_channel(Growing *growing,
										   ChannelName name);
extern void affinity_attribution_absorb(Growing *growing, Datum other);
extern Datum affinity_attribution_growing_datum(Growing *growing);
extern const Attribution *affinity_attribution_growing_like(const Growing *growing);
extern Attribution *affinity_attribution_finish(Datum value);
extern void affinity_attribution_check_alike(const Attribution *a,
											 const Attribution *b);

/* pack.c: rows to users, and several packed states to one */
typedef struct LooseRow
{
	EventUserId mixed;
	int64		at;
	uint32		what;
	uint32		value;			/* which of the values */
} LooseRow;

extern Attribution *affinity_attribution_pack(const Attribution *like,
											  const ChannelName *name,
											  uint32 n_names,
											  const LooseRow *row, uint32 n,
											  const double *value);
extern Attribution *affinity_attribution_merge(Attribution *const *state,
											   int n);
extern Attribution *affinity_attribution_subset(const Attribution *state,
												const EventUserId *mixed,
												Size n, bool keep);

/* packed.c: reading and writing the packed form */
typedef struct TouchReader
{
	const char *next;
	const char *end;
	bool		wide;			/* ids of 16 bytes */
	uint64		left;			/* users */
	EventUserId mixed;
	Touch	   *touch;			/* the user's rows, in order */
	uint32		n;
	uint32		room;
	uint64		work;
} TouchReader;

typedef struct TouchWriter
{
	Attribution *state;
	Size		used;
	Size		room;
} TouchWriter;

extern void affinity_attribution_check_size(Size size);
extern ChannelName *affinity_attribution_names(const Attribution *state);
extern void affinity_attribution_read(TouchReader *reader,
									  const Attribution *state);
extern bool affinity_attribution_next(TouchReader *reader);
extern void affinity_attribution_write(TouchWriter *writer,
									   const Attribution *like,
									   const ChannelName *name,
									   uint32 n_names);
extern void affinity_attribution_write_user(TouchWriter *writer,
											EventUserId mixed,
											const Touch *touch, uint32 n);
extern Attribution *affinity_attribution_written(TouchWriter *writer);
extern int	affinity_attribution_compare_touches(const Touch *a,
												 const Touch *b);
extern void affinity_attribution_sort(Touch *touch, uint32 n);
extern Attribution *affinity_attribution_of(Datum value);
extern Attribution *affinity_attribution_arg(FunctionCallInfo fcinfo, int arg);
extern const char *affinity_attribution_check(const Attribution *state);

/* ---- reports ------------------------------------------------------------ */

/* Parts of a conversion: whole numbers of 2^-62 of it. */
#define CREDIT_BITS 62
#define CREDIT_WHOLE (UINT64CONST(1) << CREDIT_BITS)

/* journey.c: a way to a conversion, or to none */
typedef struct Journey
{
	const Touch *touch;			/* at least one */
	uint32		n;
	bool		converted;
	int64		at;				/* of the conversion */
	double		value;
	uint64		user;			/* number of the user */
} Journey;

typedef struct JourneyOptions
{
	uint64		lookback;		/* 0: everything before */
	bool		reuse;			/* touches before an earlier conversion count */
} JourneyOptions;

typedef void (*JourneyUse) (const Journey *journey, void *arg);

extern void affinity_attribution_journeys(const Attribution *state,
										  const JourneyOptions *options,
										  JourneyUse use, void *arg);
extern void affinity_attribution_journey_options(FunctionCallInfo fcinfo,
												 const Attribution *state,
												 int lookback, int reuse,
												 JourneyOptions *options);

/* credit.c: sums that are exact, and doubles that add up to them */
typedef struct Credit
{
	uint32		n;				/* channels, from 0, the one without name */
	int			scale;			/* a value's unit is 2^scale */
	bool	   *seen;
	int128	   *conversions;	/* in 2^-62 */
	int128	   *value;			/* in units */
	double	   *error;			/* of conversions; NULL: none */
	int64		n_conversions;
	int128		total_value;
	/* of one journey */
	uint64	   *part;
	double	   *weight;
	uint32		room;
} Credit;

extern void affinity_attribution_credit_begin(Credit *credit,
											  const Attribution *state);
extern int128 affinity_attribution_units(const Credit *credit, double value);
extern void affinity_attribution_credit_see(Credit *credit,
											const Journey *journey);
extern void affinity_attribution_credit_one(Credit *credit,
											const Journey *journey,
											uint32 which);
extern void affinity_attribution_credit_parts(Credit *credit,
											  const Journey *journey);
extern void affinity_attribution_credit_weights(Credit *credit,
												const Journey *journey);
extern void affinity_attribution_credit_even(Credit *credit, uint32 n);
extern void affinity_attribution_credit_room(Credit *credit, uint32 n);
extern bool affinity_attribution_share_out(const double *weight, uint32 n,
										   int128 total, int128 *part);
extern void affinity_attribution_doubles(const int128 *unit, uint32 n,
										 int scale, double *result);
extern bool affinity_attribution_shares(const int128 *unit, uint32 n,
										double *share);

/* model.c: what a model is asked with */
typedef enum AttributionGame
{
	GAME_CONVERSIONS,
	GAME_RATE
} AttributionGame;

typedef struct AttributionOptions
{
	JourneyOptions journeys;
	ChannelName direct;
	double		weights[3];
	double		half_life;		/* microseconds */
	int			order;
	AttributionGame game;
	int64		samples;		/* -1: where it must be */
	uint64		seed;
} AttributionOptions;

typedef void (*AttributionModelRun) (const Attribution *state,
									 const AttributionOptions *options,
									 Credit *credit);

typedef struct AttributionModel
{
	const char *name;
	AttributionModelRun run;
} AttributionModel;

#define ATTRIBUTION_MODELS 8
extern const AttributionModel affinity_attribution_models[ATTRIBUTION_MODELS];

/* rule.c */
extern void affinity_attribution_first_touch(const Attribution *state,
											 const AttributionOptions *options,
											 Credit *credit);
extern void affinity_attribution_last_touch(const Attribution *state,
											const AttributionOptions *options,
											Credit *credit);
extern void affinity_attribution_last_non_direct(const Attribution *state,
												 const AttributionOptions *options,
												 Credit *credit);
extern void affinity_attribution_linear(const Attribution *state,
										const AttributionOptions *options,
										Credit *credit);
extern void affinity_attribution_position(const Attribution *state,
										  const AttributionOptions *options,
										  Credit *credit);
extern void affinity_attribution_time_decay(const Attribution *state,
											const AttributionOptions *options,
											Credit *credit);

/* markov.c, shapley.c */
extern void affinity_attribution_markov(const Attribution *state,
										const AttributionOptions *options,
										Credit *credit);
extern void affinity_attribution_shapley(const Attribution *state,
										 const AttributionOptions *options,
										 Credit *credit);

/* chain.c: journeys as a Markov chain */
#define CHAIN_CODE_BITS 21		/* of a touch in the name of a state */
#define CHAIN_CODE_MAX ((UINT32_C(1) << CHAIN_CODE_BITS) - 1)
#define CHAIN_CONVERSION (CHAIN_CODE_MAX)
#define CHAIN_NULL (CHAIN_CODE_MAX - 1)

typedef struct ChainStep
{
	uint64		from;			/* the last touches, 21 bits each; 0: start */
	uint32		to;				/* channel + 1, or one of the ends */
	uint32		target;			/* number of the state that it leads to */
	int64		journeys;
	int128		value;			/* of conversions */
} ChainStep;

/* States in order of their names; those of one are beside each other. */
typedef struct Chain
{
	uint32		n_channels;		/* with number 0 */
	uint32		n_states;
	uint64	   *state;			/* names; the first is the start */
	uint32	   *first;			/* step of each state, and the end */
	int64	   *total;			/* of each state */
	ChainStep  *step;
	bool	   *seen;			/* channels */
	int64		n_conversions;
	int128		total_value;
	int			scale;
} Chain;

extern void affinity_attribution_chain(const Attribution *state,
									   const JourneyOptions *options,
									   int order, Chain *chain);

/* removal.c */
extern void affinity_attribution_removal(const Chain *chain, int order,
										 double *effect, double *value_effect);

/* visits.c */
extern void affinity_attribution_visits(const Chain *chain, double all,
										double all_value, double *lost,
										double *value_lost);

extern int	affinity_attribution_order_arg(FunctionCallInfo fcinfo, int arg);
extern Datum affinity_attribution_name_datum(const ChannelName *name,
											 uint32 channel);

#endif							/* AFFINITY_ATTRIBUTION_ATTRIBUTION_H */
