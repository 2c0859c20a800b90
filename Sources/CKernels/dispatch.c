#include "CKernels.h"

extern const struct rote_kernels rote_kernels_portable;

#if defined(__x86_64__)
extern const struct rote_kernels rote_kernels_avx2, rote_kernels_avx512;

static int has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

static int has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
#endif

const struct rote_kernels *rote_kernels_for(int32_t instruction_set) {
  switch (instruction_set) {
  case ROTE_PORTABLE: return &rote_kernels_portable;
#if defined(__x86_64__)
  case ROTE_AVX2: return has_avx2() ? &rote_kernels_avx2 : NULL;
  case ROTE_AVX512: return has_avx512() ? &rote_kernels_avx512 : NULL;
#endif
  default: return NULL;
  }
}
