// SPDX-License-Identifier: Apache-2.0

#include "CProcessor.h"

#include <string.h>
#include <sys/mman.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Portable: byte by byte, by a table of kinds.

enum { LETTER = 1, DIGIT = 2, WHITE = 4, BLANK = 8, NEWLINE = 16, APOSTROPHE = 32 };

static uint8_t kind(uint8_t byte) {
  if ((uint8_t)((byte | 0x20) - 'a') < 26) return LETTER;
  if ((uint8_t)(byte - '0') < 10) return DIGIT;
  if (byte == ' ') return WHITE | BLANK;
  if (byte == '\n' || byte == '\r') return WHITE | NEWLINE;
  if ((uint8_t)(byte - 9) < 5) return WHITE;
  return byte == '\'' ? APOSTROPHE : 0;
}

static uint64_t block_portable(const uint8_t *text, cprocessor_block *block) {
  cprocessor_block b = {0};
  for (int i = 0; i < 64; i++) {
    uint64_t bit = (uint64_t)1 << i;
    uint8_t byte = text[i];
    if (byte < 0x80) {
      uint8_t k = kind(byte);
      b.letter |= k & LETTER ? bit : 0;
      b.digit |= k & DIGIT ? bit : 0;
      b.white |= k & WHITE ? bit : 0;
      b.blank |= k & BLANK ? bit : 0;
      b.newline |= k & NEWLINE ? bit : 0;
      b.apostrophe |= k & APOSTROPHE ? bit : 0;
    } else {
      b.high |= bit;
      b.wide |= byte >= 0xE0 && byte != 0xE2 ? bit : 0;
      b.continuation |= byte < 0xC0 ? bit : 0;
      b.letterLead2 |= (byte & 0xFE) == 0xD0 ? bit : 0;
      b.letterLead3 |= (byte >= 0xE5 && byte <= 0xEC && byte != 0xEA) ? bit : 0;
      b.leadE4 |= byte == 0xE4 ? bit : 0;
      b.fromB8 |= byte >= 0xB8 && byte < 0xC0 ? bit : 0;
    }
  }
  *block = b;
  return b.high;
}

static size_t positions_portable(const uint64_t *masks, size_t count, uint32_t *positions) {
  uint32_t *out = positions;
  for (size_t i = 0; i < count; i++) {
    for (uint64_t mask = masks[i]; mask; mask &= mask - 1) {
      *out++ = (uint32_t)(64 * i) + (uint32_t)__builtin_ctzll(mask);
    }
  }
  return (size_t)(out - positions);
}

#if defined(__x86_64__)

// SSE2, which every x86-64 has: four vectors of 16 bytes.

#define SSE2_MASK(expression)                                               \
  ({                                                                        \
    uint64_t all = 0;                                                       \
    for (int part = 0; part < 4; part++) {                                  \
      __m128i v = vectors[part];                                            \
      all |= (uint64_t)(uint16_t)_mm_movemask_epi8(expression) << 16 * part; \
    }                                                                       \
    all;                                                                    \
  })
#define SSE2_EQUAL(byte) _mm_cmpeq_epi8(v, _mm_set1_epi8((char)(byte)))
// Unsigned: whether v - low <= span.
#define SSE2_WITHIN(v, low, span)                                                       \
  _mm_cmpeq_epi8(                                                                       \
      _mm_min_epu8(_mm_sub_epi8(v, _mm_set1_epi8((char)(low))), _mm_set1_epi8((char)(span))), \
      _mm_sub_epi8(v, _mm_set1_epi8((char)(low))))

static uint64_t block_sse2(const uint8_t *text, cprocessor_block *block) {
  __m128i vectors[4];
  for (int part = 0; part < 4; part++) {
    vectors[part] = _mm_loadu_si128((const __m128i *)(text + 16 * part));
  }
  block->letter = SSE2_MASK(SSE2_WITHIN(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 25));
  block->digit = SSE2_MASK(SSE2_WITHIN(v, '0', 9));
  block->blank = SSE2_MASK(SSE2_EQUAL(' '));
  block->white = block->blank | SSE2_MASK(SSE2_WITHIN(v, 9, 4));
  block->newline = SSE2_MASK(_mm_or_si128(SSE2_EQUAL('\n'), SSE2_EQUAL('\r')));
  block->apostrophe = SSE2_MASK(SSE2_EQUAL('\''));
  block->high = SSE2_MASK(v);
  block->wide = 0;
  block->continuation = 0;
  if (!block->high) return 0;
  block->wide = SSE2_MASK(SSE2_WITHIN(v, 0xE0, 0x1F)) & ~SSE2_MASK(SSE2_EQUAL(0xE2));
  block->continuation = SSE2_MASK(SSE2_WITHIN(v, 0x80, 0x3F));
  block->letterLead2 = SSE2_MASK(SSE2_WITHIN(v, 0xD0, 1));
  block->letterLead3 = SSE2_MASK(SSE2_WITHIN(v, 0xE5, 7)) & ~SSE2_MASK(SSE2_EQUAL(0xEA));
  block->leadE4 = SSE2_MASK(SSE2_EQUAL(0xE4));
  block->fromB8 = SSE2_MASK(SSE2_WITHIN(v, 0xB8, 7));
  return block->high;
}

// AVX2: two vectors of 32 bytes.

#define AVX2 __attribute__((target("avx2,bmi,popcnt")))
#define AVX2_MASK(expression)                                   \
  ({                                                            \
    __m256i v = low;                                            \
    uint64_t first = (uint32_t)_mm256_movemask_epi8(expression); \
    v = high;                                                   \
    first | (uint64_t)(uint32_t)_mm256_movemask_epi8(expression) << 32; \
  })
#define AVX2_EQUAL(byte) _mm256_cmpeq_epi8(v, _mm256_set1_epi8((char)(byte)))
#define AVX2_WITHIN(v, low, span)                                                                \
  _mm256_cmpeq_epi8(                                                                             \
      _mm256_min_epu8(_mm256_sub_epi8(v, _mm256_set1_epi8((char)(low))), _mm256_set1_epi8((char)(span))), \
      _mm256_sub_epi8(v, _mm256_set1_epi8((char)(low))))

AVX2 static uint64_t block_avx2(const uint8_t *text, cprocessor_block *block) {
  __m256i low = _mm256_loadu_si256((const __m256i *)text);
  __m256i high = _mm256_loadu_si256((const __m256i *)(text + 32));
  block->letter = AVX2_MASK(AVX2_WITHIN(_mm256_or_si256(v, _mm256_set1_epi8(0x20)), 'a', 25));
  block->digit = AVX2_MASK(AVX2_WITHIN(v, '0', 9));
  block->blank = AVX2_MASK(AVX2_EQUAL(' '));
  block->white = block->blank | AVX2_MASK(AVX2_WITHIN(v, 9, 4));
  block->newline = AVX2_MASK(_mm256_or_si256(AVX2_EQUAL('\n'), AVX2_EQUAL('\r')));
  block->apostrophe = AVX2_MASK(AVX2_EQUAL('\''));
  block->high = AVX2_MASK(v);
  block->wide = 0;
  block->continuation = 0;
  if (!block->high) return 0;
  block->wide = AVX2_MASK(AVX2_WITHIN(v, 0xE0, 0x1F)) & ~AVX2_MASK(AVX2_EQUAL(0xE2));
  block->continuation = AVX2_MASK(AVX2_WITHIN(v, 0x80, 0x3F));
  block->letterLead2 = AVX2_MASK(AVX2_WITHIN(v, 0xD0, 1));
  block->letterLead3 = AVX2_MASK(AVX2_WITHIN(v, 0xE5, 7)) & ~AVX2_MASK(AVX2_EQUAL(0xEA));
  block->leadE4 = AVX2_MASK(AVX2_EQUAL(0xE4));
  block->fromB8 = AVX2_MASK(AVX2_WITHIN(v, 0xB8, 7));
  return block->high;
}

// The bits are written four at a time, whether there are so many or not.
AVX2 static size_t positions_avx2(const uint64_t *masks, size_t count, uint32_t *positions) {
  uint32_t *out = positions;
  for (size_t i = 0; i < count; i++) {
    uint64_t mask = masks[i];
    uint32_t base = (uint32_t)(64 * i);
    uint32_t *next = out + __builtin_popcountll(mask);
    do {
      for (int k = 0; k < 8; k++) {
        out[k] = base + (uint32_t)_tzcnt_u64(mask);
        mask = _blsr_u64(mask);
      }
      out += 8;
    } while (mask);
    out = next;
  }
  return (size_t)(out - positions);
}

// AVX-512: one vector, masks come out of comparisons.

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,bmi,bmi2,popcnt")))
#define AVX512_EQUAL(byte) _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)(byte)))
#define AVX512_WITHIN(v, low, span)                              \
  _mm512_cmple_epu8_mask(                                        \
      _mm512_sub_epi8(v, _mm512_set1_epi8((char)(low))), _mm512_set1_epi8((char)(span)))

AVX512 static uint64_t classify_avx512(
    const uint8_t *text, size_t count, cprocessor_block *blocks) {
  uint64_t any = 0;
  for (size_t at = 0; at < count; at += 64, blocks++) {
    size_t left = count - at;
    __mmask64 valid = left >= 64 ? ~(uint64_t)0 : _bzhi_u64(~(uint64_t)0, (unsigned)left);
    __m512i v = _mm512_maskz_loadu_epi8(valid, text + at);
    blocks->letter = AVX512_WITHIN(_mm512_or_si512(v, _mm512_set1_epi8(0x20)), 'a', 25);
    blocks->digit = AVX512_WITHIN(v, '0', 9);
    blocks->blank = AVX512_EQUAL(' ');
    blocks->white = blocks->blank | AVX512_WITHIN(v, 9, 4);
    blocks->newline = AVX512_EQUAL('\n') | AVX512_EQUAL('\r');
    blocks->apostrophe = AVX512_EQUAL('\'');
    uint64_t high = _mm512_movepi8_mask(v);
    blocks->high = high;
    blocks->wide = 0;
    blocks->continuation = 0;
    if (!high) continue;
    any |= high;
    blocks->wide = AVX512_WITHIN(v, 0xE0, 0x1F) & ~AVX512_EQUAL(0xE2);
    blocks->continuation = AVX512_WITHIN(v, 0x80, 0x3F);
    blocks->letterLead2 = AVX512_WITHIN(v, 0xD0, 1);
    blocks->letterLead3 = AVX512_WITHIN(v, 0xE5, 7) & ~AVX512_EQUAL(0xEA);
    blocks->leadE4 = AVX512_EQUAL(0xE4);
    blocks->fromB8 = AVX512_WITHIN(v, 0xB8, 7);
  }
  return any;
}

AVX512 static size_t positions_avx512(const uint64_t *masks, size_t count, uint32_t *positions) {
  uint32_t *out = positions;
  __m512i numbers = _mm512_set_epi8(
      63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41,
      40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18,
      17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  for (size_t i = 0; i < count; i++) {
    __m512i bytes = _mm512_maskz_compress_epi8(masks[i], numbers);
    __m512i base = _mm512_set1_epi32((int)(64 * i));
    size_t bits = (size_t)__builtin_popcountll(masks[i]);
    _mm512_storeu_si512(
        out, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(bytes))));
    if (bits > 16) {
      _mm512_storeu_si512(
          out + 16,
          _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(bytes, 1))));
      if (bits > 32) {
        _mm512_storeu_si512(
            out + 32,
            _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(bytes, 2))));
        _mm512_storeu_si512(
            out + 48,
            _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(bytes, 3))));
      }
    }
    out += bits;
  }
  return (size_t)(out - positions);
}

#endif

int cprocessor_best(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("bmi2")) {
    return cprocessor_avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")) return cprocessor_avx2;
  return cprocessor_sse2;
#else
  return cprocessor_portable;
#endif
}

int cprocessor_classify(int way, const uint8_t *text, size_t count, cprocessor_block *blocks) {
  uint64_t (*block)(const uint8_t *, cprocessor_block *) = block_portable;
#if defined(__x86_64__)
  if (way == cprocessor_avx512) return classify_avx512(text, count, blocks) != 0;
  if (way == cprocessor_sse2) block = block_sse2;
  if (way == cprocessor_avx2) block = block_avx2;
#else
  (void)way;
#endif
  uint64_t any = 0;
  for (; count >= 64; count -= 64, text += 64) any |= block(text, blocks++);
  if (count > 0) {
    uint8_t last[64] = {0};
    memcpy(last, text, count);
    any |= block(last, blocks);
  }
  return any != 0;
}

size_t cprocessor_positions(
    int way, const uint64_t *masks, size_t count, uint32_t *positions) {
#if defined(__x86_64__)
  if (way == cprocessor_avx512) return positions_avx512(masks, count, positions);
  if (way == cprocessor_avx2) return positions_avx2(masks, count, positions);
#else
  (void)way;
#endif
  return positions_portable(masks, count, positions);
}

void cprocessor_advise_large_pages(void *address, size_t count) {
#if defined(MADV_HUGEPAGE)
  size_t page = 1 << 21;
  uintptr_t first = ((uintptr_t)address + page - 1) & ~(page - 1);
  uintptr_t last = ((uintptr_t)address + count) & ~(page - 1);
  if (first < last) madvise((void *)first, last - first, MADV_HUGEPAGE);
#else
  (void)address;
  (void)count;
#endif
}

void cprocessor_keep_freed_pages(void) {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

// Eight blocks of Philox4x32-10 side by side, a word in each half of a 64-bit lane: what is above it
// is never looked at, since a product takes the lower half alone.

typedef uint64_t words8 __attribute__((vector_size(64)));

static inline __attribute__((always_inline)) void philox8(
    const uint32_t *counter, const uint32_t *key, uint32_t *out) {
  words8 low = (words8){} + 0xFFFFFFFF;
  words8 x0 = (words8){0, 1, 2, 3, 4, 5, 6, 7} + counter[0];
  words8 x1 = (words8){} + counter[1];
  words8 x2 = (words8){} + counter[2];
  words8 x3 = (words8){} + counter[3];
  uint32_t k0 = key[0];
  uint32_t k1 = key[1];
  for (int round = 0; round < 10; round++) {
    words8 p0 = (x0 & low) * 0xD2511F53;
    words8 p1 = (x2 & low) * 0xCD9E8D57;
    x0 = (p1 >> 32) ^ x1 ^ k0;
    x1 = p1;
    x2 = (p0 >> 32) ^ x3 ^ k1;
    x3 = p0;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  words8 front = (x0 & low) | x1 << 32;
  words8 back = (x2 & low) | x3 << 32;
  for (int block = 0; block < 8; block++) {
    memcpy(out + 4 * block, &(uint64_t[2]){front[block], back[block]}, 16);
  }
}

#if defined(__x86_64__)
AVX2 static void philox8_avx2(const uint32_t *counter, const uint32_t *key, uint32_t *out) {
  philox8(counter, key, out);
}

AVX512 static void philox8_avx512(const uint32_t *counter, const uint32_t *key, uint32_t *out) {
  philox8(counter, key, out);
}
#endif

void cprocessor_philox8(int way, const uint32_t *counter, const uint32_t *key, uint32_t *out) {
#if defined(__x86_64__)
  if (way == cprocessor_avx512) return philox8_avx512(counter, key, out);
  if (way == cprocessor_avx2) return philox8_avx2(counter, key, out);
#else
  (void)way;
#endif
  philox8(counter, key, out);
}
