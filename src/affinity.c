/*
 * affinity.c
 *		Module magic and start-up of the extension.
 *
 * Nothing else lives here: src/README.md is the map of the rooms.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/base.h"
#include "cache/cache.h"
#include "interaction/interaction.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	affinity_cache_init();
	affinity_base_define_settings();
	affinity_interaction_init();
}
