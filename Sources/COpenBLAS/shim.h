// SPDX-License-Identifier: Apache-2.0
//
// Matrix products of single precision, and the number of threads that they use.
#ifndef PREP_COPENBLAS_SHIM_H
#define PREP_COPENBLAS_SHIM_H

#include <cblas.h>

#endif
