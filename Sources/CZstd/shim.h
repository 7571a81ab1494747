// SPDX-License-Identifier: Apache-2.0
//
// The stable part of libzstd, as it is: constants and functions import without wrappers.
#ifndef PREP_CZSTD_SHIM_H
#define PREP_CZSTD_SHIM_H

#include <zstd.h>
#include <zstd_errors.h>

#endif
