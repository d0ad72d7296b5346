/*
 * form.h
 *		The text form of states: base64 of their bytes.
 */
#ifndef AFFINITY_BASE_FORM_H
#define AFFINITY_BASE_FORM_H

#include "postgres.h"

/* Bytes that so many characters hold at most. */
#define AFFINITY_DECODED_SIZE(len) ((Size) (len) / 4 * 3)

extern bool affinity_base_decode(const char *text, Size len, char *to,
								 Size *size);
extern Size affinity_base_encoded_size(Size size);
extern char *affinity_base_encode(const char *from, Size size);

#endif							/* AFFINITY_BASE_FORM_H */
