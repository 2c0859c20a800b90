#include "CBench.h"

#if defined(__x86_64__)
#define TARGET(names) __attribute__((target(names)))
#else
#define TARGET(names)
#endif

/* 12 chains cover the latency of 4 cycles at two instructions a cycle, and with a and b fit into 16 registers. The
 * factor is just below 1, so that nothing overflows or becomes subnormal. */
#define MULTIPLY_ADD(NAME, V)                                                  \
  float NAME(long iterations) {                                                \
    typedef float vec __attribute__((vector_size(4 * V)));                     \
    const vec a = (vec){0} + 0.999999f, b = (vec){0} + 1e-7f;                  \
    vec x[BENCH_CHAINS];                                                       \
    for (int i = 0; i < BENCH_CHAINS; i++) x[i] = (vec){0} + 0.1f * (float)i;  \
    for (long k = 0; k < iterations; k++) {                                    \
      _Pragma("clang loop unroll(full)")                                       \
      for (int i = 0; i < BENCH_CHAINS; i++) x[i] = x[i] * a + b;              \
    }                                                                          \
    float sum = 0;                                                             \
    for (int i = 0; i < BENCH_CHAINS; i++)                                     \
      for (int lane = 0; lane < V; lane++) sum += x[i][lane];                  \
    return sum;                                                                \
  }

TARGET("avx512f") MULTIPLY_ADD(bench_multiply_add_avx512, 16)
TARGET("avx2,fma") MULTIPLY_ADD(bench_multiply_add_avx2, 8)
MULTIPLY_ADD(bench_multiply_add_portable, 4)
