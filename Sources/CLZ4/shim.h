// SPDX-License-Identifier: Apache-2.0
//
// The frame format of liblz4: constants and functions import without wrappers.
#ifndef PREP_CLZ4_SHIM_H
#define PREP_CLZ4_SHIM_H

#include <lz4frame.h>

#endif
