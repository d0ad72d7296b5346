/*
 * form.h
 *		The text form of states: base64 of their bytes.
 */
#ifndef AFFINITY_BASE_FORM_H
#define AFFINITY_BASE_FORM_H

#include "postgres.h"

#include "fmgr.h"

#include "base/compat.h"

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
pg_noreturn extern void affinity_base_state_invalid(const char *state,
													const char *makers,
													const char *problem);

/*
 * The in, out, recv and send functions of a type. The room says, in the file,
 * reject(problem) and checked(state, size), which gives a sound state of so
 * many bytes back; state_arg(fcinfo, arg) is one in its form at rest.
 */
#define AFFINITY_STATE_FORMS(prefix, type, state_arg) \
PG_FUNCTION_INFO_V1(prefix##_in); \
Datum \
prefix##_in(PG_FUNCTION_ARGS) \
{ \
	const char *input = PG_GETARG_CSTRING(0); \
	Size		len = strlen(input); \
	Size		size; \
	type	   *state = palloc(Max(VARHDRSZ + AFFINITY_DECODED_SIZE(len), \
								   sizeof(type))); \
\
	if (!affinity_base_decode(input, len, (char *) state + VARHDRSZ, &size)) \
		reject("not base64"); \
	return checked(state, VARHDRSZ + size); \
} \
\
PG_FUNCTION_INFO_V1(prefix##_out); \
Datum \
prefix##_out(PG_FUNCTION_ARGS) \
{ \
	PG_RETURN_CSTRING(affinity_base_state_out(state_arg(fcinfo, 0))); \
} \
\
PG_FUNCTION_INFO_V1(prefix##_recv); \
Datum \
prefix##_recv(PG_FUNCTION_ARGS) \
{ \
	Size		size; \
	type	   *state = affinity_base_state_recv(fcinfo, sizeof(type), &size); \
\
	return checked(state, size); \
} \
\
PG_FUNCTION_INFO_V1(prefix##_send); \
Datum \
prefix##_send(PG_FUNCTION_ARGS) \
{ \
	PG_RETURN_BYTEA_P(affinity_base_state_send(state_arg(fcinfo, 0))); \
}

#endif							/* AFFINITY_BASE_FORM_H */
