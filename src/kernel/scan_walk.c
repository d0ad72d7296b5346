/*
 * scan_walk.c
 *		Going through the blocks of a scan, by what each processor has to
 *		multiply codes with.
 *
 * Products of codes are whole numbers, and what is made of them is not fused:
 * every level finds the same items, to the bit.
 */
#include <string.h>

#include "kernel/scan_walk.h"

#define BLOCK	AFFINITY_SCAN_BLOCK

#if defined(__x86_64__) && defined(__GNUC__)
#define WIDE_REGISTERS
#include <immintrin.h>

/*
 * Sums of 4 columns of 16 items are what one instruction adds. Those of odd and even
 * fours are summed apart, for the processor need not wait.
 */
__attribute__((target("avx512f,avx512bw,avx512vnni"))) static inline void
products_vnni(const uint8_t *code, size_t code_width,
			  const AffinityScanUser *user, int32_t *sum)
{
	__m512i		high = _mm512_setzero_si512();
	__m512i		low = _mm512_setzero_si512();

	for (size_t f = 0; f < code_width; f += 4)
	{
		__m512i		x = _mm512_loadu_si512(code + f * BLOCK);
		int32_t		h;
		int32_t		l;

		memcpy(&h, user->high + f, sizeof(h));
		memcpy(&l, user->low + f, sizeof(l));
		high = _mm512_dpbusd_epi32(high, x, _mm512_set1_epi32(h));
		low = _mm512_dpbusd_epi32(low, x, _mm512_set1_epi32(l));
	}
	high = _mm512_add_epi32(_mm512_slli_epi32(high, 7), low);
	high = _mm512_sub_epi32(high,
							_mm512_set1_epi32((int32_t) ((uint32_t) user->sum *
														 128)));
	_mm512_storeu_si512(sum, high);
}

#define NAME(x) x##_vnni
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vnni")))
#include "kernel/scan_template.h"

__attribute__((target("avx2"))) static inline void
products_avx2(const uint8_t *code, size_t code_width,
			  const AffinityScanUser *user, int32_t *sum)
{
	__m128i		sign = _mm_set1_epi8((char) 128);
	__m256i		s[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(),
	_mm256_setzero_si256(), _mm256_setzero_si256()};

	for (size_t f = 0; f < code_width; f += 4)
	{
		int64_t		four;
		__m256i		p;

		memcpy(&four, user->code + f, sizeof(four));
		p = _mm256_set1_epi64x(four);
		for (int i = 0; i < 4; i++)
		{
			__m128i		x = _mm_loadu_si128((const __m128i *)
											(code + f * BLOCK + i * 16));
			__m256i		q = _mm256_cvtepi8_epi16(_mm_xor_si128(x, sign));

			s[i] = _mm256_add_epi32(s[i], _mm256_madd_epi16(q, p));
		}
	}
	for (int i = 0; i < 4; i += 2)
	{
		/* of items 0 1 4 5 and 2 3 6 7 of eight */
		__m256i		both = _mm256_hadd_epi32(s[i], s[i + 1]);

		_mm256_storeu_si256((__m256i *) (sum + i * 4),
							_mm256_permute4x64_epi64(both, 0xd8));
	}
}

#define NAME(x) x##_avx2
#define TARGET __attribute__((target("avx2")))
#include "kernel/scan_template.h"
#endif

#if defined(__aarch64__) && defined(__ARM_NEON)
#define HAVE_NEON
#include <arm_neon.h>

/* Each item has a sum of its own for each of four columns. */
static inline void
products_neon(const uint8_t *code, size_t code_width,
			  const AffinityScanUser *user, int32_t *sum)
{
	int8x16_t	sign = vdupq_n_s8(-128);
	int32x4_t	s[BLOCK];

	for (int i = 0; i < BLOCK; i++)
		s[i] = vdupq_n_s32(0);
	for (size_t f = 0; f < code_width; f += 4)
	{
		int16x4_t	p = vld1_s16(user->code + f);

		for (int i = 0; i < BLOCK; i += 4)
		{
			uint8x16_t	x = vld1q_u8(code + f * BLOCK + i * 4);
			int8x16_t	q = veorq_s8(vreinterpretq_s8_u8(x), sign);
			int16x8_t	a = vmovl_s8(vget_low_s8(q));
			int16x8_t	b = vmovl_s8(vget_high_s8(q));

			s[i] = vmlal_s16(s[i], vget_low_s16(a), p);
			s[i + 1] = vmlal_s16(s[i + 1], vget_high_s16(a), p);
			s[i + 2] = vmlal_s16(s[i + 2], vget_low_s16(b), p);
			s[i + 3] = vmlal_s16(s[i + 3], vget_high_s16(b), p);
		}
	}
	for (int i = 0; i < BLOCK; i += 4)
		vst1q_s32(sum + i, vpaddq_s32(vpaddq_s32(s[i], s[i + 1]),
									  vpaddq_s32(s[i + 2], s[i + 3])));
}

#define NAME(x) x##_neon
#define TARGET
#include "kernel/scan_template.h"

/* Whether a processor multiplies bytes by fours, Linux alone says like this. */
#if defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define HAVE_DOT
#include <sys/auxv.h>

/* HWCAP_ASIMDDP; no C library has to know it. */
#define HAS_DOT (1UL << 20)

__attribute__((target("arch=armv8.2-a+dotprod"))) static inline void
products_dot(const uint8_t *code, size_t code_width,
			 const AffinityScanUser *user, int32_t *sum)
{
	int8x16_t	sign = vdupq_n_s8(-128);
	int32x4_t	high[4];
	int32x4_t	low[4];

	for (int i = 0; i < 4; i++)
		high[i] = low[i] = vdupq_n_s32(0);
	for (size_t f = 0; f < code_width; f += 4)
	{
		int32_t		h;
		int32_t		l;

		memcpy(&h, user->high + f, sizeof(h));
		memcpy(&l, user->low + f, sizeof(l));
		for (int i = 0; i < 4; i++)
		{
			uint8x16_t	x = vld1q_u8(code + f * BLOCK + i * 16);
			int8x16_t	q = veorq_s8(vreinterpretq_s8_u8(x), sign);

			high[i] = vdotq_s32(high[i], q,
								vreinterpretq_s8_s32(vdupq_n_s32(h)));
			low[i] = vdotq_s32(low[i], q,
							   vreinterpretq_s8_s32(vdupq_n_s32(l)));
		}
	}
	for (int i = 0; i < 4; i++)
		vst1q_s32(sum + i * 4, vaddq_s32(vshlq_n_s32(high[i], 7), low[i]));
}

#define NAME(x) x##_dot
#define TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
#include "kernel/scan_template.h"
#endif
#endif

static inline void
products_any(const uint8_t *code, size_t code_width,
			 const AffinityScanUser *user, int32_t *sum)
{
	memset(sum, 0, BLOCK * sizeof(int32_t));
	for (size_t f = 0; f < code_width; f += 4)
	{
		for (size_t i = 0; i < BLOCK; i++)
		{
			const uint8_t *x = code + f * BLOCK + i * 4;

			sum[i] += (x[0] - 128) * user->code[f] +
				(x[1] - 128) * user->code[f + 1] +
				(x[2] - 128) * user->code[f + 2] +
				(x[3] - 128) * user->code[f + 3];
		}
	}
}

#define NAME(x) x##_any
#define TARGET
#include "kernel/scan_template.h"

/*
 * How to go through blocks, by what a level of processors has; NULL where
 * this one does not. It stops behind the first block that
 * has items whose score may be floor or more, and tells which (bits of hits);
 * or at end, without any; or with n_blocks, where none can follow.
 */
AffinityScanWalk
affinity_kernel_scan_level(int level)
{
#ifdef WIDE_REGISTERS
	if (level == 2)
		return __builtin_cpu_supports("avx512bw") &&
			__builtin_cpu_supports("avx512vnni") ? walk_vnni : NULL;
	if (level == 1)
		return __builtin_cpu_supports("avx2") ? walk_avx2 : NULL;
#endif
#ifdef HAVE_DOT
	if (level == 2)
		return getauxval(AT_HWCAP) & HAS_DOT ? walk_dot : NULL;
#endif
#ifdef HAVE_NEON
	if (level == 1)
		return walk_neon;
#endif
	return level == 0 ? walk_any : NULL;
}

AffinityScanWalk
affinity_kernel_scan_walk(void)
{
	AffinityScanWalk walk = NULL;

	for (int level = AFFINITY_SCAN_LEVELS; walk == NULL;)
		walk = affinity_kernel_scan_level(--level);
	return walk;
}
