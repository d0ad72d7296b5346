/*
 * id_type.c
 *		Which types may be given as ids: the one rule for models, aggregates
 *		of users and arrays as sets.
 *
 * Ids are told apart by number or by their bytes. So a type may be given
 * whose own equality that is, or becomes when blanks at the end are left out.
 * Others are refused, and the hint names an expression that is equal where
 * they are.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "base/base.h"

#define ID_TYPES "smallint, integer, bigint, oid, uuid, text, varchar, char(n) or name"

/* ---- types ------------------------------------------------------------- */

/*
 * The type that a model keeps such ids in, which is also what they are equal
 * as; InvalidOid where the type, not a domain, cannot be an id.
 */
Oid
affinity_base_id_kept(Oid type)
{
	AffinityIdKind kind;

	switch (type)
	{
		case OIDOID:
			return INT8OID;
		case VARCHAROID:
		case BPCHAROID:
		case NAMEOID:
		case UNKNOWNOID:		/* a literal */
			return TEXTOID;
		default:
			return affinity_base_id_kind(type, &kind) ? type : InvalidOid;
	}
}

/*
 * affinity_base_id_bytes of neither text nor varchar.
 */
const char *
affinity_base_id_other_bytes(Datum id, Oid type, uint32 *len)
{
	text	   *value;

	if (type == NAMEOID || type == UNKNOWNOID)
	{
		*len = (uint32) strlen(DatumGetCString(id));
		return DatumGetCString(id);
	}
	value = DatumGetTextPP(id);
	*len = VARSIZE_ANY_EXHDR(value);
	if (type == BPCHAROID)
		*len = (uint32) bpchartruelen(VARDATA_ANY(value), (int) *len);
	return VARDATA_ANY(value);
}

/* ---- hints ------------------------------------------------------------- */

/* An expression to write instead; $ stands for what is given. */
typedef struct Instead
{
	const char *sql;
	const char *condition;		/* where that is right, or NULL */
	const char *otherwise;		/* another one, and where, or NULL */
} Instead;

static Instead
always(const char *sql)
{
	return (Instead)
	{
		sql, NULL, NULL
	};
}

static Instead
only_if(const char *sql, const char *condition)
{
	return (Instead)
	{
		sql, condition, NULL
	};
}

static Instead
either(const char *sql, const char *otherwise)
{
	return (Instead)
	{
		sql, NULL, otherwise
	};
}

static bool
has_name(Oid type, const char *name)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	bool		result = HeapTupleIsValid(tuple) &&
		strcmp(NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname), name) == 0;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return result;
}

/* Is a numeric of this typmod a whole number that fits bigint? */
static bool
fits_bigint(int32 typmod)
{
	int			precision;
	int			scale;

	if (typmod < (int32) VARHDRSZ)
		return false;
	precision = ((typmod - VARHDRSZ) >> 16) & 0xffff;
	scale = (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;
	return scale <= 0 && precision - scale <= 18;
}

/* The first column of a composite type, as its field; NULL where unknown. */
static const char *
first_field(Oid type)
{
	TupleDesc	desc;
	const char *result = NULL;

	if (type == RECORDOID || !type_is_rowtype(type))
		return NULL;
	desc = lookup_rowtype_tupdesc(type, -1);
	for (int i = 0; i < desc->natts && result == NULL; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			result = psprintf("($).%s",
							  quote_identifier(NameStr(TupleDescAttr(desc, i)->attname)));
	ReleaseTupleDesc(desc);
	return result;
}

static Instead
instead_of_other(Oid type)
{
	if (has_name(type, "citext"))
		return always("lower($::text)");
	if (type_is_enum(type))
		return always("$::text");
	if (first_field(type) != NULL)
		return only_if(first_field(type), "if that is the id");
	return only_if("$::text", "if equal values have equal texts");
}

/*
 * What is to be written instead of a type that cannot be an id: equal where
 * its values are, and whatever DateStyle, TimeZone and the like say.
 */
static Instead
instead_of(Oid type, int32 typmod)
{
	switch (type)
	{
		case NUMERICOID:
			if (fits_bigint(typmod))
				return always("$::bigint");
			return either("trim_scale($)::text", "$::bigint where all are whole numbers");
		case FLOAT4OID:
		case FLOAT8OID:
			/* -0 is 0 */
			return either("($ + 0)::text", "$::bigint where all are whole numbers");
		case MONEYOID:
			return always("$::numeric::text");
		case BOOLOID:
			return always("$::integer");
		case BYTEAOID:
			return always("encode($, 'hex')");
		case DATEOID:
			return always("($ - date '1970-01-01')");
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return always("extract(epoch FROM $)::text");
		case INTERVALOID:
			/* a month is 30 days */
			return always("extract(epoch FROM justify_interval($))::text");
		case JSONOID:
			return always("($ #>> '{}')");
		case JSONBOID:
			return either("($ #>> '{}')", "$::bigint for numbers");
		case REGPROCOID:
		case REGPROCEDUREOID:
		case REGOPEROID:
		case REGOPERATOROID:
		case REGCLASSOID:
		case REGCOLLATIONOID:
		case REGTYPEOID:
		case REGCONFIGOID:
		case REGDICTIONARYOID:
		case REGNAMESPACEOID:
		case REGROLEOID:
			return always("$::oid");
		case CHAROID:
		case XIDOID:
		case XID8OID:
		case CIDOID:
		case TIDOID:
		case PG_LSNOID:
		case INETOID:
		case CIDROID:
		case MACADDROID:
		case MACADDR8OID:
		case BITOID:
		case VARBITOID:
		case INT4RANGEOID:
		case INT8RANGEOID:
			return always("$::text");
		default:
			return instead_of_other(type);
	}
}

/* A template with what is given in the place of every $. */
static char *
fill_in(const char *template, const char *sql)
{
	StringInfoData text;

	initStringInfo(&text);
	for (const char *at = template; *at; at++)
	{
		if (*at == '$')
			appendStringInfoString(&text, sql);
		else
			appendStringInfoChar(&text, *at);
	}
	return text.data;
}

/* What to write, for the hint. */
static char *
advice(const AffinityIdGiven *given, const Instead *instead)
{
	StringInfoData text;

	initStringInfo(&text);
	if (given->place == AFFINITY_ID_ELEMENTS)
		appendStringInfo(&text, "ARRAY(SELECT %s FROM unnest(%s) AS x)",
						 fill_in(instead->sql, "x"), given->sql);
	else
		appendStringInfoString(&text, fill_in(instead->sql, given->sql));
	if (instead->condition != NULL)
		appendStringInfo(&text, ", %s", instead->condition);
	else if (instead->otherwise != NULL &&
			 given->place != AFFINITY_ID_ELEMENTS)
		appendStringInfo(&text, ", or %s",
						 fill_in(instead->otherwise, given->sql));
	return text.data;
}

/* ---- the check --------------------------------------------------------- */

pg_noreturn static void
refuse_type(const AffinityIdGiven *given, Oid base, int32 typmod)
{
	Instead		instead;
	char	   *what;

	if (!OidIsValid(get_element_type(base)))
	{
		instead = instead_of(base, typmod);
		if (strcmp(instead.sql, "lower($::text)") == 0 &&
			OidIsValid(given->collation) &&
			given->collation != DEFAULT_COLLATION_OID)
			instead.sql = "lower($::text COLLATE \"default\")";
		what = psprintf("Write %s.", advice(given, &instead));
	}
	else if (given->place == AFFINITY_ID_COLUMN)
		what = psprintf("Write unnest(%s): each element is then an id.",
						given->sql);
	else
		what = psprintf("Add CROSS JOIN unnest(%s) AS x to FROM, and give x: each element is then an id.",
						given->sql);
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("%s is of type %s, which cannot be an id", given->role,
					format_type_be(given->type)),
			 errhint("%s An id may be of type " ID_TYPES ".", what)));
}

/*
 * One spelling for all that a collation calls equal, whatever it ignores.
 */
static char *
one_spelling(const AffinityIdGiven *given, const char *collation)
{
	const char *sql = given->sql;

	/* both arrays of a call have to have the same one */
	if (given->place == AFFINITY_ID_ELEMENTS)
		return psprintf("ARRAY(SELECT (SELECT min(y COLLATE \"C\") FROM unnest(a || b) AS y WHERE y = x COLLATE %s) FROM unnest(%s) AS x)",
						collation, sql);
	return psprintf("min(%s COLLATE \"C\") OVER (PARTITION BY %s COLLATE %s)%s",
					sql, sql, collation,
					given->place == AFFINITY_ID_COLUMN ? "" : ", in a subquery");
}

pg_noreturn static void
refuse_collation(const AffinityIdGiven *given)
{
	char	   *collation = generate_collation_name(given->collation);
	char	   *what;

	if (given->of_model)
		what = psprintf("Write %s COLLATE \"C\", spelled as the model's query spells it.",
						given->sql);
	else
		what = psprintf("Write %s COLLATE \"C\" where spellings are different ids; where they are not, give all of them one: %s.",
						given->sql, one_spelling(given, collation));
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s has the nondeterministic collation %s, which ids cannot have",
					given->role, collation),
			 errhint("Ids are told apart by their bytes. %s", what)));
}

/*
 * Error unless a type may be given as an id; its base type, and how ids of it
 * are told apart.
 */
Oid
affinity_base_id_check(const AffinityIdGiven *given, AffinityIdKind *kind)
{
	int32		typmod = given->typmod;
	Oid			base = getBaseTypeAndTypmod(given->type, &typmod);
	Oid			kept = affinity_base_id_kept(base);

	if (!OidIsValid(kept))
		refuse_type(given, base, typmod);
	if (OidIsValid(given->collation) &&
		!get_collation_isdeterministic(given->collation))
		refuse_collation(given);
	(void) affinity_base_id_kind(kept, kind);
	return base;
}
