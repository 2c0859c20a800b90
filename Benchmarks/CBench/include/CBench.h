/* The machine's limits: loops that do nothing but multiply and add in registers, or stream through memory. */
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

#endif
