// SPDX-License-Identifier: Apache-2.0
#ifndef PREP_CZLIB_SHIM_H
#define PREP_CZLIB_SHIM_H

#include <zlib.h>

// inflateInit2 is a macro, which Swift does not import. 15 + 16: a gzip member and nothing else.
static inline int czlib_inflate_gzip_init(z_stream *_Nonnull stream) {
  return inflateInit2(stream, 15 + 16);
}

#endif
