/*
 * early.c
 *		Preloaded beside the address sanitizer, which sets itself up at the first
 *		malloc. In a server that would be one of a library that holds a lock of
 *		glibc (p11-kit, in newlocale), which the setting up takes too.
 *		Linked with -z initfirst, this is before all of them.
 */
#include <stdlib.h>

void	   *early_memory;

__attribute__((constructor))
static void
early(void)
{
	early_memory = malloc(1);
	free(early_memory);
}
