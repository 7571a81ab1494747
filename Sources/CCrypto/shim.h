// SPDX-License-Identifier: Apache-2.0
// Door to OpenSSL's libcrypto (EVP digests, which use the processor's SHA instructions).
#ifndef PREP_CCRYPTO_SHIM_H
#define PREP_CCRYPTO_SHIM_H
#include <openssl/evp.h>
#endif
