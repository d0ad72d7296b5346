/*
 * bucket.c
 *		bucket: which of so many parts of all users one is in. Equal on all
 *		servers, for ids of one kind whatever their type: 7 as int and bigint.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "base/base.h"

PG_FUNCTION_INFO_V1(affinity_retention_bucket_int);
PG_FUNCTION_INFO_V1(affinity_retention_bucket_uuid);
PG_FUNCTION_INFO_V1(affinity_retention_bucket_text);

/* What nothing else hashes with, so that a bucket's ids are as any others. */
#define BUCKET_SEED UINT64CONST(0x6275636b6574)

static Datum
bucket_of(uint64 hash, int64 buckets)
{
	if (buckets < 1 || buckets > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("buckets must be from 1 to %d, but is %lld",
						PG_INT32_MAX, (long long) buckets),
				 errhint("Take so many that a state has a few million users: 64 for 100 million.")));
	return Int32GetDatum((int32) (hash % (uint64) buckets));
}

/* By its value's bytes in a fixed order, so that machines do not differ. */
Datum
affinity_retention_bucket_int(PG_FUNCTION_ARGS)
{
	uint64		value = (uint64) PG_GETARG_INT64(0);
	unsigned char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char) (value >> (8 * i));
	return bucket_of(hash_bytes_extended(bytes, 8, BUCKET_SEED),
					 PG_GETARG_INT64(1));
}

Datum
affinity_retention_bucket_uuid(PG_FUNCTION_ARGS)
{
	return bucket_of(hash_bytes_extended(PG_GETARG_UUID_P(0)->data, UUID_LEN,
										 BUCKET_SEED), PG_GETARG_INT64(1));
}

Datum
affinity_retention_bucket_text(PG_FUNCTION_ARGS)
{
	text	   *id = PG_GETARG_TEXT_PP(0);

	return bucket_of(hash_bytes_extended((unsigned char *) VARDATA_ANY(id),
										 (int) VARSIZE_ANY_EXHDR(id),
										 BUCKET_SEED), PG_GETARG_INT64(1));
}
