/*
 * factors.c
 *		The factors of all items, beside a cached model.
 *
 * They are read at the first call that scores by them, straight from the table
 * in the caller's snapshot (41,000 rows through SPI take three times as long),
 * and kept with the model until that is replaced: n_items rows of the width
 * rounded up to 16 floats. What all cached models hold of them stays within
 * maintenance_work_mem; factors of models that nobody uses now make room.
 *
 * The table may have been written by anybody: every row is checked.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "model/source.h"

/* Rows are multiples of so many floats, and begin at multiples of 64 bytes. */
#define ROW_FLOATS	16
#define ROW_BYTES	(ROW_FLOATS * sizeof(float))

typedef struct Loading
{
	AffinityModel *model;
	AffinityFactors *factors;
	float	   *item;
	bool	   *seen;			/* by number */
	uint32		n_seen;
} Loading;

/*
 * The numbers in a one-dimensional real[] without nulls.
 */
static const float *
plain_reals(const AffinityModel *model, ArrayType *array, uint32 *n)
{
	if (ARR_NDIM(array) > 1 || ARR_HASNULL(array) ||
		ARR_ELEMTYPE(array) != FLOAT4OID)
		affinity_model_damaged(model->schema_name, "its factors are not plain");
	*n = ARR_NDIM(array) == 1 ? (uint32) ARR_DIMS(array)[0] : 0;
	if (!affinity_all_finite((const float *) ARR_DATA_PTR(array), *n))
		affinity_model_damaged(model->schema_name,
							   "its factors are not finite");
	return (const float *) ARR_DATA_PTR(array);
}

/*
 * Bytes that the items take, once the width is known; not more than allowed.
 */
static Size
items_bytes(const AffinityModel *model, size_t stride)
{
	Size		bytes = mul_size(mul_size(Max(model->n_items, 1), stride),
								 sizeof(float));

	if (bytes / 1024 > (Size) maintenance_work_mem)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("the factors of model \"%s\" take %zu bytes, more than maintenance_work_mem",
						model->schema_name, bytes),
				 errhint("Set maintenance_work_mem to at least %zu kB, or train with fewer factors.",
						 bytes / 1024 + 1)));
	affinity_model_make_room(model, bytes);
	return bytes;
}

/*
 * The first row says how long all are.
 */
static void
begin_items(Loading *l, uint32 width)
{
	AffinityFactors *factors = l->factors;
	Size		bytes;

	if (width == 0)
		affinity_model_damaged(l->model->schema_name,
							   "an item has no factors");
	factors->width = width;
	factors->stride = TYPEALIGN(ROW_FLOATS, width);
	bytes = items_bytes(l->model, factors->stride);
	l->item = (float *) TYPEALIGN(ROW_BYTES,
								  palloc_extended(bytes + ROW_BYTES,
												  MCXT_ALLOC_HUGE));
	factors->item = l->item;
	factors->bytes = bytes;
}

static void
load_row(Loading *l, int32 no, ArrayType *array)
{
	AffinityFactors *factors = l->factors;
	uint32		n;
	const float *value = plain_reals(l->model, array, &n);
	float	   *row;

	if (l->item == NULL)
		begin_items(l, n);
	if (n != factors->width)
		affinity_model_damaged(l->model->schema_name,
							   "items have different numbers of factors");
	if (no < 0 || (uint32) no >= l->model->n_items || l->seen[no])
		affinity_model_damaged(l->model->schema_name,
							   "an item's number is out of range");
	l->seen[no] = true;
	l->n_seen++;
	row = l->item + (size_t) no * factors->stride;
	memcpy(row, value, n * sizeof(float));
	memset(row + n, 0, (factors->stride - n) * sizeof(float));
}

/*
 * Attribute of a column of the items, which has to be of a type.
 */
static AttrNumber
column_number(const AffinityModel *model, Relation items, const char *name,
			  Oid type)
{
	AttrNumber	no = get_attnum(RelationGetRelid(items), name);

	if (no == InvalidAttrNumber)
		affinity_model_damaged(model->schema_name,
							   psprintf("items.%s is missing", name));
	if (TupleDescAttr(RelationGetDescr(items), no - 1)->atttypid != type)
		affinity_model_damaged(model->schema_name,
							   psprintf("column \"%s\" has another type", name));
	return no;
}

/*
 * Go through the rows, with the checks that the executor would make.
 */
static void
scan_items(Loading *l, Relation items)
{
	AttrNumber	no_column = column_number(l->model, items, "item_no", INT4OID);
	AttrNumber	factors_column = column_number(l->model, items, "factors",
											   FLOAT4ARRAYOID);
	TupleTableSlot *slot = table_slot_create(items, NULL);
	TableScanDesc scan = table_beginscan(items, GetActiveSnapshot(), 0, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		no_null;
		bool		factors_null;
		Datum		no = slot_getattr(slot, no_column, &no_null);
		Datum		value = slot_getattr(slot, factors_column, &factors_null);
		ArrayType  *array;

		CHECK_FOR_INTERRUPTS();
		if (no_null || factors_null)
			affinity_model_damaged(l->model->schema_name,
								   "a column of its items is null");
		array = DatumGetArrayTypeP(value);
		load_row(l, DatumGetInt32(no), array);
		if ((Pointer) array != DatumGetPointer(value))
			pfree(array);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	if (l->n_seen != l->model->n_items || l->n_seen == 0)
		affinity_model_damaged(l->model->schema_name, "items are missing");
}

/*
 * The items table, if the caller may read it.
 */
static Relation
open_items(const AffinityModel *model)
{
	Oid			relid = get_relname_relid("items", model->schema);
	Relation	items = OidIsValid(relid) ?
		try_table_open(relid, AccessShareLock) : NULL;
	AclResult	result;

	if (items == NULL || items->rd_rel->relkind != RELKIND_RELATION)
		affinity_model_damaged(model->schema_name, "items is not a table");
	result = pg_class_aclcheck(relid, GetUserId(), ACL_SELECT);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_TABLE, RelationGetRelationName(items));
	affinity_model_refuse_policies(items);
	return items;
}

/*
 * Into the current memory context.
 */
static AffinityFactors *
load(AffinityModel *model)
{
	Loading		l = {.model = model};
	Relation	items = open_items(model);
	ArrayType  *parameters = affinity_model_parameters(model);

	l.factors = palloc0(sizeof(AffinityFactors));
	l.factors->n_items = model->n_items;
	l.seen = palloc_extended(Max(model->n_items, 1) * sizeof(bool),
							 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	scan_items(&l, items);
	pfree(l.seen);
	if (parameters)
		l.factors->parameters = plain_reals(model, parameters,
											&l.factors->n_parameters);
	table_close(items, NoLock);
	return l.factors;
}

/*
 * The factors of a model whose method has some; valid as long as the model.
 */
const AffinityFactors *
affinity_model_factors(AffinityModel *model)
{
	MemoryContext context;
	MemoryContext old;
	AffinityFactors *factors;

	if (model->factors != NULL)
		return model->factors;
	context = AllocSetContextCreate(CurrentMemoryContext, "affinity factors",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	factors = load(model);
	MemoryContextSwitchTo(old);
	/* an error until here frees what was read so far */
	MemoryContextSetParent(context, model->context);
	model->factors = factors;
	model->factors_context = context;
	return factors;
}
