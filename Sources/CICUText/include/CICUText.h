// SPDX-License-Identifier: Apache-2.0
//
// The parts of ICU over UTF-8 that have a C++ interface only: Normalizer2 and CaseMap, with the
// list of changes (icu::Edits) that maps positions of the result back to the source.
//
// ICU does not check its input: `source` must be well-formed UTF-8.

#ifndef PREP_CICUTEXT_H
#define PREP_CICUTEXT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cicut_normalizer cicut_normalizer;
typedef struct cicut_edits cicut_edits;

/// One stretch of the source that was replaced: everything between two changes is copied.
typedef struct {
  uint32_t output_start;
  uint32_t output_end;
  uint32_t original_end;
} cicut_change;

enum cicut_form {
  CICUT_NFC = 0,
  CICUT_NFD = 1,
  CICUT_NFKC = 2,
  CICUT_NFKD = 3,
  CICUT_NFKC_CASEFOLD = 4,
  /// The mappings of NFKC_CASEFOLD without the composition.
  CICUT_NFKC_CASEFOLD_DECOMPOSED = 5,
  /// Added to NFC, NFD, NFKC or NFKD: characters younger than Unicode 9.0 stand for themselves.
  CICUT_UNICODE_9 = 16,
};

/// ICU's shared, thread-safe instance; null with `*status` set if the data is missing.
const cicut_normalizer *_Nullable cicut_normalizer_get(int32_t form, int32_t *_Nonnull status);

/// Normalizes into `target` and returns the length of the whole result: if that is more than
/// `capacity`, the result is cut and the call must be repeated with room. `INT32_MAX` stands for
/// a result that is too long for ICU.
int64_t cicut_normalize(const cicut_normalizer *_Nonnull normalizer, const uint8_t *_Nullable source,
                        int32_t length, uint8_t *_Nonnull target, int32_t capacity,
                        cicut_edits *_Nullable edits, int32_t *_Nonnull status);

/// Full lower-casing of the root locale; the length contract of `cicut_normalize`.
int64_t cicut_lowercase(const uint8_t *_Nullable source, int32_t length, uint8_t *_Nonnull target,
                        int32_t capacity, cicut_edits *_Nullable edits, int32_t *_Nonnull status);

/// Whether, for a decomposing normalizer, nothing before `c` interacts with what `c` becomes.
int32_t cicut_has_boundary_before(const cicut_normalizer *_Nonnull normalizer, int32_t c);

/// Writes the full decomposition of `c` (at most `capacity` scalars) and returns its length, or -1
/// if `c` stands for itself.
int32_t cicut_decomposition(const cicut_normalizer *_Nonnull normalizer, int32_t c,
                            uint32_t *_Nonnull scalars, int32_t capacity);

/// What two scalars are composed to, or a negative number if they are not.
int32_t cicut_compose(const cicut_normalizer *_Nonnull normalizer, int32_t a, int32_t b);

cicut_edits *_Nullable cicut_edits_create(void);
void cicut_edits_destroy(cicut_edits *_Nonnull edits);

/// The number of changes that `cicut_edits_read` writes.
int32_t cicut_edits_count(const cicut_edits *_Nonnull edits);
int32_t cicut_edits_read(const cicut_edits *_Nonnull edits, cicut_change *_Nonnull changes,
                         int32_t capacity, int32_t *_Nonnull status);

#ifdef __cplusplus
}
#endif

#endif
