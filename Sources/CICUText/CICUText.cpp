// SPDX-License-Identifier: Apache-2.0

#include "CICUText.h"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/edits.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uniset.h>
#include <unicode/unistr.h>

namespace {

const icu::Normalizer2 &unwrap(const cicut_normalizer *normalizer) {
  return *reinterpret_cast<const icu::Normalizer2 *>(normalizer);
}

icu::Edits *unwrap(cicut_edits *edits) { return reinterpret_cast<icu::Edits *>(edits); }

const icu::Edits &unwrap(const cicut_edits *edits) {
  return *reinterpret_cast<const icu::Edits *>(edits);
}

icu::StringPiece piece(const uint8_t *source, int32_t length) {
  return icu::StringPiece(reinterpret_cast<const char *>(source), length);
}

/// The form for the characters of Unicode 9.0. Made at first use, never destroyed.
const icu::Normalizer2 *unicode9(const icu::Normalizer2 *base, UErrorCode &code) {
  static const icu::UnicodeSet *const characters = [](UErrorCode &code) {
    auto *set = new icu::UnicodeSet(icu::UnicodeString("[:age=9.0:]", -1, US_INV), code);
    set->freeze();
    return set;
  }(code);
  if (U_FAILURE(code)) return nullptr;
  return new icu::FilteredNormalizer2(*base, *characters);
}

}  // namespace

const cicut_normalizer *cicut_normalizer_get(int32_t form, int32_t *status) {
  UErrorCode code = U_ZERO_ERROR;
  const icu::Normalizer2 *found = nullptr;
  switch (form) {
    case CICUT_NFC: found = icu::Normalizer2::getNFCInstance(code); break;
    case CICUT_NFD: found = icu::Normalizer2::getNFDInstance(code); break;
    case CICUT_NFKC: found = icu::Normalizer2::getNFKCInstance(code); break;
    case CICUT_NFKD: found = icu::Normalizer2::getNFKDInstance(code); break;
    case CICUT_NFKC_CASEFOLD: found = icu::Normalizer2::getNFKCCasefoldInstance(code); break;
    case CICUT_NFKC_CASEFOLD_DECOMPOSED:
      found = icu::Normalizer2::getInstance(nullptr, "nfkc_cf", UNORM2_DECOMPOSE, code);
      break;
    case CICUT_NFC + CICUT_UNICODE_9: {
      static const icu::Normalizer2 *const nfc =
          unicode9(icu::Normalizer2::getNFCInstance(code), code);
      found = nfc;
      break;
    }
    case CICUT_NFD + CICUT_UNICODE_9: {
      static const icu::Normalizer2 *const nfd =
          unicode9(icu::Normalizer2::getNFDInstance(code), code);
      found = nfd;
      break;
    }
    case CICUT_NFKC + CICUT_UNICODE_9: {
      static const icu::Normalizer2 *const nfkc =
          unicode9(icu::Normalizer2::getNFKCInstance(code), code);
      found = nfkc;
      break;
    }
    case CICUT_NFKD + CICUT_UNICODE_9: {
      static const icu::Normalizer2 *const nfkd =
          unicode9(icu::Normalizer2::getNFKDInstance(code), code);
      found = nfkd;
      break;
    }
    default: code = U_ILLEGAL_ARGUMENT_ERROR;
  }
  if (!found && U_SUCCESS(code)) code = U_MISSING_RESOURCE_ERROR;
  *status = code;
  return U_SUCCESS(code) ? reinterpret_cast<const cicut_normalizer *>(found) : nullptr;
}

int64_t cicut_normalize(const cicut_normalizer *normalizer, const uint8_t *source, int32_t length,
                        uint8_t *target, int32_t capacity, cicut_edits *edits, int32_t *status) {
  UErrorCode code = U_ZERO_ERROR;
  icu::CheckedArrayByteSink sink(reinterpret_cast<char *>(target), capacity);
  unwrap(normalizer).normalizeUTF8(0, piece(source, length), sink, unwrap(edits), code);
  *status = code;
  return sink.NumberOfBytesAppended();
}

int64_t cicut_lowercase(const uint8_t *source, int32_t length, uint8_t *target, int32_t capacity,
                        cicut_edits *edits, int32_t *status) {
  UErrorCode code = U_ZERO_ERROR;
  icu::CheckedArrayByteSink sink(reinterpret_cast<char *>(target), capacity);
  icu::CaseMap::utf8ToLower("", 0, piece(source, length), sink, unwrap(edits), code);
  *status = code;
  return sink.NumberOfBytesAppended();
}

int32_t cicut_has_boundary_before(const cicut_normalizer *normalizer, int32_t c) {
  return unwrap(normalizer).hasBoundaryBefore(c) ? 1 : 0;
}

int32_t cicut_decomposition(const cicut_normalizer *normalizer, int32_t c, uint32_t *scalars,
                            int32_t capacity) {
  icu::UnicodeString mapping;
  if (!unwrap(normalizer).getDecomposition(c, mapping)) return -1;
  int32_t count = 0;
  for (int32_t i = 0; i < mapping.length() && count < capacity; i = mapping.moveIndex32(i, 1)) {
    scalars[count++] = static_cast<uint32_t>(mapping.char32At(i));
  }
  return count;
}

int32_t cicut_compose(const cicut_normalizer *normalizer, int32_t a, int32_t b) {
  return unwrap(normalizer).composePair(a, b);
}

cicut_edits *cicut_edits_create(void) { return reinterpret_cast<cicut_edits *>(new icu::Edits()); }

void cicut_edits_destroy(cicut_edits *edits) { delete unwrap(edits); }

int32_t cicut_edits_count(const cicut_edits *edits) { return unwrap(edits).numberOfChanges(); }

int32_t cicut_edits_read(const cicut_edits *edits, cicut_change *changes, int32_t capacity,
                         int32_t *status) {
  UErrorCode code = U_ZERO_ERROR;
  unwrap(edits).copyErrorTo(code);
  icu::Edits::Iterator it = unwrap(edits).getFineChangesIterator();
  int32_t count = 0;
  while (count < capacity && it.next(code)) {
    const uint32_t start = static_cast<uint32_t>(it.destinationIndex());
    changes[count].output_start = start;
    changes[count].output_end = start + static_cast<uint32_t>(it.newLength());
    changes[count].original_end = static_cast<uint32_t>(it.sourceIndex() + it.oldLength());
    count += 1;
  }
  *status = code;
  return count;
}
