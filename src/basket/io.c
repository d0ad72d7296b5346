/*
 * io.c
 *		Text and binary form of baskets, and their operators.
 *
 * There is a type for each kind of ids, so that what basket_items gives has a
 * type too. They share all but their input.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "base/compare.h"
#include "base/form.h"
#include "basket/basket.h"

typedef struct varlena Basket;

static void
reject(const char *problem)
{
	affinity_base_state_invalid("basket", "affinity.basket_agg", problem);
}

/* Check the basket of so many bytes and give it back. */
static Datum
checked_as(Basket *basket, Size size, AffinityIdKind kind)
{
	const char *problem;

	SET_VARSIZE(basket, size);
	problem = affinity_basket_check(basket, kind);
	if (problem != NULL)
		reject(problem);
	return PointerGetDatum(basket);
}

/* basket_in(cstring) and so on */
#define checked(basket, size) checked_as(basket, size, AFFINITY_ID_INT)
AFFINITY_STATE_FORMS(affinity_basket, Basket, affinity_basket_arg)
#undef checked

/* basket_uuid_in(cstring) and so on */
#define checked(basket, size) checked_as(basket, size, AFFINITY_ID_UUID)
AFFINITY_STATE_FORMS(affinity_basket_uuid, Basket, affinity_basket_arg)
#undef checked

/* basket_text_in(cstring) and so on */
#define checked(basket, size) checked_as(basket, size, AFFINITY_ID_TEXT)
AFFINITY_STATE_FORMS(affinity_basket_text, Basket, affinity_basket_arg)
#undef checked

/* basket_eq(basket, basket) and so on */
AFFINITY_BYTES_COMPARISONS(affinity_basket, affinity_basket_arg)
