#include "CBench.h"

/* A cache line, of which the compiler makes as many vectors as it takes. */
typedef float line __attribute__((vector_size(64)));

float bench_read(size_t count, const float *x) {
  line sums[4] = {{0}};
  for (size_t i = 0; i < count; i += 64)
    for (int k = 0; k < 4; k++) sums[k] += *(const line *)(x + i + 16 * k);
  const line all = sums[0] + sums[1] + sums[2] + sums[3];
  float sum = 0;
  for (int lane = 0; lane < 16; lane++) sum += all[lane];
  return sum;
}

void bench_triad(size_t count, const float *a, const float *b, float *y) {
  for (size_t i = 0; i < count; i += 16) *(line *)(y + i) = *(const line *)(a + i) + 3.0f * *(const line *)(b + i);
}
