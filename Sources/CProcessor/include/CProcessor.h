// SPDX-License-Identifier: Apache-2.0
//
// What Swift cannot say of the processor: vector instructions chosen at run time, prefetching, and
// advice about pages. Classification, positions of bits and rounds of Philox only; what they mean is
// decided in Swift.

#ifndef CPROCESSOR_H
#define CPROCESSOR_H

#include <stddef.h>
#include <stdint.h>

/// Of 64 bytes, for each kind a mask with a bit for each byte of it, the first byte in bit 0.
typedef struct {
  /// ASCII letters.
  uint64_t letter;
  /// ASCII digits.
  uint64_t digit;
  /// ASCII white space: blank and 0x09 to 0x0D.
  uint64_t white;
  /// 0x20.
  uint64_t blank;
  /// 0x0A and 0x0D.
  uint64_t newline;
  /// 0x27.
  uint64_t apostrophe;
  /// 0x80 and above.
  uint64_t high;
  /// 0xE0 and above, but not 0xE2, with which punctuation begins.
  uint64_t wide;
  /// 0x80 to 0xBF.
  uint64_t continuation;
  // Those below are filled in only where there are bytes of 0x80 and above.
  /// 0xD0 and 0xD1: all two-byte characters that begin so are letters (U+0400 to U+047F).
  uint64_t letterLead2;
  /// 0xE5 to 0xE9, 0xEB and 0xEC: all three-byte characters that begin so are letters.
  uint64_t letterLead3;
  /// 0xE4, after which from 0xB8 on there are letters (U+4E00 and above).
  uint64_t leadE4;
  /// 0xB8 to 0xBF.
  uint64_t fromB8;
  uint64_t unused[3];
} cprocessor_block;

/// The ways to do it. `best` chooses by the processor.
enum cprocessor_way {
  cprocessor_portable = 0,
  cprocessor_sse2 = 1,
  cprocessor_avx2 = 2,
  cprocessor_avx512 = 3,
};

/// The quickest way on this processor.
int cprocessor_best(void);

/// Classifies `count` bytes into (count + 63) / 64 blocks; what is missing of the last belongs to no
/// kind. Returns whether any byte is 0x80 or above. Reads nothing beyond `count` bytes.
int cprocessor_classify(
    int way, const uint8_t *_Nonnull text, size_t count, cprocessor_block *_Nonnull blocks);

/// Writes the positions of the bits of `count` masks in order, and returns how many there are.
/// There must be room for all, and for 64 more.
size_t cprocessor_positions(
    int way, const uint64_t *_Nonnull masks, size_t count, uint32_t *_Nonnull positions);

/// Eight blocks of Philox4x32-10 under the two words of `key`: of the counter's four words and, with
/// the first one counted up, the next seven. Writes 32 words.
void cprocessor_philox8(
    int way, const uint32_t *_Nonnull counter, const uint32_t *_Nonnull key,
    uint32_t *_Nonnull words);

/// Asks for the cache line at an address.
static inline void cprocessor_prefetch(const void *_Nonnull address) {
  __builtin_prefetch(address, 0, 3);
}

/// Asks for large pages for memory that has not been touched. A request only: it may do nothing.
void cprocessor_advise_large_pages(void *_Nonnull address, size_t count);

/// Asks the allocator to keep the pages of freed buffers of up to some tens of megabytes, which would
/// be cleared anew for the next ones. A request only: it may do nothing.
void cprocessor_keep_freed_pages(void);

#endif
