#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define V 8
#define ACCUMULATORS 8
#define TABLE rote_kernels_avx2
#include "kernels.h"
#pragma clang attribute pop
#endif
