// SPDX-License-Identifier: Apache-2.0
//
// ICU renames its functions with object-like macros (ubrk_open -> ubrk_open_72), which Swift cannot
// import; each function that Swift calls therefore has a wrapper here.

#ifndef PREP_CICU_SHIM_H
#define PREP_CICU_SHIM_H

#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/ucpmap.h>
#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>
#include <unicode/ucnv_err.h>
#include <unicode/udata.h>
#include <unicode/uloc.h>
#include <unicode/unorm2.h>
#include <unicode/uregex.h>
#include <unicode/ures.h>
#include <unicode/uscript.h>
#include <unicode/utext.h>
#include <unicode/utypes.h>
#include <unicode/uversion.h>

// Status

static inline int cicu_failure(UErrorCode code) { return U_FAILURE(code) ? 1 : 0; }

static inline const char *_Nonnull cicu_error_name(UErrorCode code) { return u_errorName(code); }

// Versions

/// Writes ICU's own version, such as "72.1".
static inline void cicu_version(char buffer[_Nonnull U_MAX_VERSION_STRING_LENGTH]) {
  UVersionInfo version;
  u_getVersion(version);
  u_versionToString(version, buffer);
}

/// Writes the version of ICU's Unicode data, such as "15.0".
static inline void cicu_unicode_version(char buffer[_Nonnull U_MAX_VERSION_STRING_LENGTH]) {
  UVersionInfo version;
  u_getUnicodeVersion(version);
  u_versionToString(version, buffer);
}

// Character properties

static inline int8_t cicu_general_category(UChar32 c) { return u_charType(c); }

static inline uint8_t cicu_combining_class(UChar32 c) { return u_getCombiningClass(c); }

/// Whether a text of such characters alone is in a normal form: its quick-check property (one of
/// UCHAR_NFD_QUICK_CHECK and its like) says yes, and it is no mark that is put in order.
static inline int cicu_is_settled(UChar32 c, UProperty quick_check) {
  return u_getIntPropertyValue(c, quick_check) == UNORM_YES && u_getCombiningClass(c) == 0;
}

static inline int cicu_is_white_space(UChar32 c) { return u_isUWhiteSpace(c) ? 1 : 0; }

/// The Grapheme_Cluster_Break property, a UGraphemeClusterBreak.
static inline uint8_t cicu_grapheme_break(UChar32 c) {
  return (uint8_t)u_getIntPropertyValue(c, UCHAR_GRAPHEME_CLUSTER_BREAK);
}

/// The Sentence_Break property of all characters; null if ICU's data lacks it. ICU keeps it.
static inline const UCPMap *_Nullable cicu_sentence_breaks(UErrorCode *_Nonnull status) {
  return u_getIntPropertyMap(UCHAR_SENTENCE_BREAK, status);
}

/// The last character of the range from `start` on that has one value, and that value; -1 behind
/// U+10FFFF.
static inline UChar32 cicu_map_range(const UCPMap *_Nonnull map, UChar32 start,
                                     uint32_t *_Nonnull value) {
  return ucpmap_getRange(map, start, UCPMAP_RANGE_NORMAL, 0, 0, 0, value);
}

static inline int cicu_is_pictographic(UChar32 c) {
  return u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC) ? 1 : 0;
}

/// The Script property, or USCRIPT_INVALID_CODE.
static inline UScriptCode cicu_script(UChar32 c) {
  UErrorCode status = U_ZERO_ERROR;
  return uscript_getScript(c, &status);
}

/// Whether the Script_Extensions of `c` contain `script`.
static inline int cicu_has_script(UChar32 c, UScriptCode script) {
  return uscript_hasScript(c, script) ? 1 : 0;
}

// Regular expressions, over UTF-8 by way of UText: positions are bytes

static inline URegularExpression *_Nullable cicu_regex_open(const uint16_t *_Nonnull pattern,
                                                            int32_t length,
                                                            UErrorCode *_Nonnull status) {
  return uregex_open((const UChar *)pattern, length, 0, 0, status);
}

static inline void cicu_regex_close(URegularExpression *_Nonnull expression) {
  uregex_close(expression);
}

/// Memory for backtracking, in bytes; beyond it matching fails.
static inline void cicu_regex_set_stack_limit(URegularExpression *_Nonnull expression,
                                              int32_t limit, UErrorCode *_Nonnull status) {
  uregex_setStackLimit(expression, limit, status);
}

static inline UText *_Nullable cicu_text_open(UText *_Nullable text, const uint8_t *_Nonnull bytes,
                                              int64_t length, UErrorCode *_Nonnull status) {
  return utext_openUTF8(text, (const char *)bytes, length, status);
}

static inline void cicu_text_close(UText *_Nonnull text) { utext_close(text); }

/// The bytes must stay where they are while matches are looked for.
static inline void cicu_regex_set_text(URegularExpression *_Nonnull expression,
                                       UText *_Nonnull text, UErrorCode *_Nonnull status) {
  uregex_setUText(expression, text, status);
}

static inline int cicu_regex_find_next(URegularExpression *_Nonnull expression,
                                       UErrorCode *_Nonnull status) {
  return uregex_findNext(expression, status) ? 1 : 0;
}

static inline int64_t cicu_regex_start(URegularExpression *_Nonnull expression,
                                       UErrorCode *_Nonnull status) {
  return uregex_start64(expression, 0, status);
}

static inline int64_t cicu_regex_end(URegularExpression *_Nonnull expression,
                                     UErrorCode *_Nonnull status) {
  return uregex_end64(expression, 0, status);
}

// Locales

static inline int32_t cicu_locale_canonicalize(const char *_Nonnull name, char *_Nonnull buffer,
                                               int32_t capacity, UErrorCode *_Nonnull status) {
  return uloc_canonicalize(name, buffer, capacity, status);
}

static inline int32_t cicu_locale_base_name(const char *_Nonnull name, char *_Nonnull buffer,
                                            int32_t capacity, UErrorCode *_Nonnull status) {
  return uloc_getBaseName(name, buffer, capacity, status);
}

static inline int32_t cicu_locale_for_language_tag(const char *_Nonnull tag, char *_Nonnull buffer,
                                                   int32_t capacity, int32_t *_Nonnull parsed,
                                                   UErrorCode *_Nonnull status) {
  return uloc_forLanguageTag(tag, buffer, capacity, parsed, status);
}

// Break iterators: what the rules written here are tested against

static inline UBreakIterator *_Nullable cicu_break_open(UBreakIteratorType type,
                                                        const char *_Nonnull locale,
                                                        UErrorCode *_Nonnull status) {
  return ubrk_open(type, locale, 0, 0, status);
}

static inline void cicu_break_close(UBreakIterator *_Nonnull iterator) { ubrk_close(iterator); }

/// The text must stay where it is while the iterator is used.
static inline void cicu_break_set_text(UBreakIterator *_Nonnull iterator,
                                       const uint16_t *_Nonnull text, int32_t length,
                                       UErrorCode *_Nonnull status) {
  ubrk_setText(iterator, (const UChar *)text, length, status);
}

static inline int32_t cicu_break_first(UBreakIterator *_Nonnull iterator) {
  return ubrk_first(iterator);
}

/// The locale whose rules the iterator has: `root`, or one with rules of its own.
static inline const char *_Nullable cicu_break_rules(const UBreakIterator *_Nonnull iterator,
                                                     UErrorCode *_Nonnull status) {
  return ubrk_getLocaleByType(iterator, ULOC_ACTUAL_LOCALE, status);
}

/// The next boundary, or -1 (UBRK_DONE).
static inline int32_t cicu_break_next(UBreakIterator *_Nonnull iterator) {
  return ubrk_next(iterator);
}

// Sentence abbreviations

/// The list exceptions/SentenceBreak of exactly this locale's break rules, the one that
/// FilteredBreakIteratorBuilder reads; null if the locale has none.
static inline UResourceBundle *_Nullable cicu_abbreviations_open(const char *_Nonnull locale) {
  UErrorCode status = U_ZERO_ERROR;
  UResourceBundle *bundle = ures_openDirect(U_ICUDATA_NAME "-brkitr", locale, &status);
  UResourceBundle *list = ures_getByKey(bundle, "exceptions", 0, &status);
  list = ures_getByKey(list, "SentenceBreak", list, &status);
  ures_close(bundle);
  if (U_SUCCESS(status)) return list;
  ures_close(list);
  return 0;
}

static inline void cicu_abbreviations_close(UResourceBundle *_Nonnull list) { ures_close(list); }

static inline int32_t cicu_abbreviations_count(const UResourceBundle *_Nonnull list) {
  return ures_getSize(list);
}

/// The abbreviation at `index`, which lives as long as the list, or null.
static inline const uint16_t *_Nullable cicu_abbreviation(const UResourceBundle *_Nonnull list,
                                                          int32_t index,
                                                          int32_t *_Nonnull length) {
  UErrorCode status = U_ZERO_ERROR;
  const UChar *text = ures_getStringByIndex(list, index, length, &status);
  return U_SUCCESS(status) ? (const uint16_t *)text : 0;
}

// Converters

/// How many names ICU has for this encoding; 0 for an encoding that it does not know.
static inline int cicu_converter_alias_count(const char *_Nonnull name) {
  UErrorCode status = U_ZERO_ERROR;
  return ucnv_countAliases(name, &status);
}

static inline UConverter *_Nullable cicu_converter_open(const char *_Nonnull name,
                                                        UErrorCode *_Nonnull status) {
  return ucnv_open(name, status);
}

static inline void cicu_converter_close(UConverter *_Nonnull converter) { ucnv_close(converter); }

/// Replaces a malformed or unmapped sequence by U+FFFD and adds one to the int64_t at `context`.
static inline void cicu_converter_replace_and_count(const void *_Nullable context,
                                                    UConverterToUnicodeArgs *_Nonnull arguments,
                                                    const char *_Nullable units, int32_t length,
                                                    UConverterCallbackReason reason,
                                                    UErrorCode *_Nonnull status) {
  (void)units;
  (void)length;
  if (reason > UCNV_IRREGULAR) return;  // reset, close and clone carry no text
  const UChar replacement = 0xFFFD;
  *status = U_ZERO_ERROR;
  *(int64_t *)context += 1;
  ucnv_cbToUWriteUChars(arguments, &replacement, 1, 0, status);
}

/// From now on malformed input becomes U+FFFD and is counted in `count`, which must outlive the
/// converter.
static inline void cicu_converter_count_malformed(UConverter *_Nonnull converter,
                                                  int64_t *_Nonnull count,
                                                  UErrorCode *_Nonnull status) {
  ucnv_setToUCallBack(converter, cicu_converter_replace_and_count, count, 0, 0, status);
}

/// Converts as much as fits and moves both pointers past what was read and written.
static inline void cicu_converter_to_utf16(UConverter *_Nonnull converter,
                                           uint16_t *_Nonnull *_Nonnull target,
                                           const uint16_t *_Nonnull target_limit,
                                           const char *_Nonnull *_Nonnull source,
                                           const char *_Nonnull source_limit, int flush,
                                           UErrorCode *_Nonnull status) {
  ucnv_toUnicode(converter, (UChar **)target, (const UChar *)target_limit, source, source_limit, 0,
                 flush ? 1 : 0, status);
}

#endif
