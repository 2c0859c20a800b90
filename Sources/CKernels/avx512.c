#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), \
                             apply_to = function)
#define V 16
#define ACCUMULATORS 16
#define TABLE rote_kernels_avx512
#include "kernels.h"
#pragma clang attribute pop
#endif
