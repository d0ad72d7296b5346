/*
 * form.h
 *		The text form of states: base64 of their bytes.
 */
#ifndef AFFINITY_BASE_FORM_H
#define AFFINITY_BASE_FORM_H

#include "postgres.h"

#include "fmgr.h"

/* Bytes that so many characters hold at most. */
#define AFFINITY_DECODED_SIZE(len) ((Size) (len) / 4 * 3)

extern bool affinity_base_decode(const char *text, Size len, char *to,
								 Size *size);
extern Size affinity_base_encoded_size(Size size);
extern char *affinity_base_encode(const char *from, Size size);
extern char *affinity_base_state_out(const void *state);
extern void *affinity_base_state_recv(FunctionCallInfo fcinfo, Size least,
									  Size *size);
extern bytea *affinity_base_state_send(const void *state);

#endif							/* AFFINITY_BASE_FORM_H */
