/*
 * role.c
 *		As whom a model is made, trained and altered: its owner.
 *
 * As REFRESH MATERIALIZED VIEW does it, whoever calls: in a security-restricted
 * operation, so that what the source calls cannot become somebody else or
 * leave something behind in the session, and with search_path = pg_catalog,
 * pg_temp, so that what works once works in every later refresh.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "manage/manage.h"

void
affinity_manage_become(ModelRole *role, Oid owner)
{
	GetUserIdAndSecContext(&role->caller, &role->context);
	role->nest = NewGUCNestLevel();
	SetUserIdAndSecContext(owner,
						   role->context | SECURITY_RESTRICTED_OPERATION);
	affinity_definition_restrict_path();
}

void
affinity_manage_return(const ModelRole *role)
{
	AtEOXact_GUC(false, role->nest);
	SetUserIdAndSecContext(role->caller, role->context);
}

void
affinity_manage_connect(void)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
}
