/* The machine's limits: loops that do nothing but multiply and add in registers, stream through memory, or decode JPEG. */
#ifndef ROTE_CBENCH_H
#define ROTE_CBENCH_H

#include <stddef.h>

/* Floating-point operations of one iteration of `bench_multiply_add_*`, a multiplication and its addition being two. */
enum { BENCH_CHAINS = 12, BENCH_OPERATIONS_A_LANE = 2 * BENCH_CHAINS };

/* x = x * a + b, `iterations` times, in BENCH_CHAINS independent vectors of 16, 8 or 4 lanes; returns a sum of all that
 * is of no use. The instruction set must be there. Portable code has no fused instruction on x86-64. */
float bench_multiply_add_avx512(long iterations);
float bench_multiply_add_avx2(long iterations);
float bench_multiply_add_portable(long iterations);

/* The sum of x; `count` is a multiple of 64, x on a 64-byte boundary. */
float bench_read(size_t count, const float *_Nonnull x);
/* y = a + 3 b; the same conditions. */
void bench_triad(size_t count, const float *_Nonnull a, const float *_Nonnull b, float *_Nonnull y);

/* Room for a picture of Tiny-ImageNet's size. */
enum { BENCH_PICTURE_BYTES = 1 << 14 };

/* Decodes the pictures first, first + step, ... below count by libjpeg-turbo, each to the same BENCH_PICTURE_BYTES of RGB pixels; picture i lies
 * from starts[i] up to starts[i + 1]. Returns how many could not be. */
int bench_decode(
  const unsigned char *_Nonnull bytes, const size_t *_Nonnull starts, int first, int step, int count,
  unsigned char *_Nonnull pixels);

#endif
