/* How many runs have two flags both set: a product of matrices of 0s and 1s, by table.
 *
 * Flags lie four runs a byte. For the four runs of a row, a table of 16 bytes has the number of flags in common with each
 * pattern of a column; one shuffle looks up as many columns as a vector has bytes. Two instructions so do the 16 V
 * products of bits, and their sums. The sums are of whole numbers: every instruction set has the same. */

typedef uint8_t bvec __attribute__((vector_size(4 * V), may_alias));
typedef uint16_t hvec __attribute__((vector_size(4 * V), may_alias));
typedef uint8_t bhalf __attribute__((vector_size(2 * V), may_alias));

enum {
  JOINT_VECTORS = V == 16 ? 2 : 4, /* of a panel that are worked on at a time */
  JOINT_ROWS = V == 16 ? 4 : 2,    /* with so many rows: the sums fill half the registers */
  JOINT_STEPS = 63,                /* of four runs: the most that a byte counts */
};

#if V > 4
typedef char cvec __attribute__((vector_size(4 * V), may_alias));
typedef uint8_t joint_entry __attribute__((vector_size(16), may_alias));

#define COMMON(a, b) (((a & b) & 1) + ((a & b) >> 1 & 1) + ((a & b) >> 2 & 1) + ((a & b) >> 3 & 1))
#define ENTRY(a)                                                                                                       \
  {                                                                                                                    \
    COMMON(a, 0), COMMON(a, 1), COMMON(a, 2), COMMON(a, 3), COMMON(a, 4), COMMON(a, 5), COMMON(a, 6), COMMON(a, 7),    \
        COMMON(a, 8), COMMON(a, 9), COMMON(a, 10), COMMON(a, 11), COMMON(a, 12), COMMON(a, 13), COMMON(a, 14),         \
        COMMON(a, 15)                                                                                                  \
  }
static const joint_entry joint_table[16] = {ENTRY(0),  ENTRY(1),  ENTRY(2),  ENTRY(3), ENTRY(4),  ENTRY(5),
                                            ENTRY(6),  ENTRY(7),  ENTRY(8),  ENTRY(9), ENTRY(10), ENTRY(11),
                                            ENTRY(12), ENTRY(13), ENTRY(14), ENTRY(15)};
#undef ENTRY
#undef COMMON

#define TWICE 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
/* What a row's pattern brings to a step: its table, in each 16 bytes of a vector. */
INLINE bvec joint_row(uint8_t pattern) {
  const joint_entry t = joint_table[pattern];
#if V == 16
  return (bvec)__builtin_shufflevector(t, t, TWICE, TWICE);
#else
  return (bvec)__builtin_shufflevector(t, t, TWICE);
#endif
}
#undef TWICE

INLINE bvec joint_common(bvec row, bvec columns) {
#if V == 16
  return (bvec)__builtin_ia32_pshufb512((cvec)row, (cvec)columns);
#else
  return (bvec)__builtin_ia32_pshufb256((cvec)row, (cvec)columns);
#endif
}
#else
/* Where bytes cannot be looked up: the number of bits in two, then in all four. */
INLINE bvec joint_row(uint8_t pattern) { return (bvec){0} + pattern; }
INLINE bvec joint_common(bvec row, bvec columns) {
  const bvec x = row & columns;
  /* Shifted by 16 bits, which SSE2 can; what comes from the next byte falls to the masks. */
  const bvec pairs = x - ((bvec)((hvec)x >> 1) & 5);
  return (pairs & 3) + ((bvec)((hvec)pairs >> 2) & 3);
}
#endif

INLINE void joint_put(bvec sum, uint16_t *counts, int add) {
  union {
    bvec all;
    bhalf half[2];
  } parts = {.all = sum};
  UNROLL for (int h = 0; h < 2; h++) {
    const hvec wide = __builtin_convertvector(parts.half[h], hvec);
    hvec *to = (hvec *)(counts + 2 * V * h);
    *to = add ? *to + wide : wide;
  }
}

/* Adds the runs of at most JOINT_STEPS bytes, or stores them. */
INLINE void joint_rows(const int rows, int steps, const uint8_t *a, int64_t a_stride, const uint8_t *b, int add,
                       uint16_t *counts) {
  for (int c0 = 0; c0 < ROTE_JOINT_COLUMNS / (4 * V); c0 += JOINT_VECTORS) {
    bvec sum[JOINT_ROWS][JOINT_VECTORS];
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int c = 0; c < JOINT_VECTORS; c++) sum[r][c] = (bvec){0};
    for (int g = 0; g < steps; g++) {
      const bvec *panel = (const bvec *)(b + (int64_t)g * ROTE_JOINT_COLUMNS) + c0;
      bvec row[JOINT_ROWS];
      UNROLL for (int r = 0; r < rows; r++) row[r] = joint_row(a[r * a_stride + g]);
      UNROLL for (int c = 0; c < JOINT_VECTORS; c++) {
        const bvec columns = panel[c];
        UNROLL for (int r = 0; r < rows; r++) sum[r][c] += joint_common(row[r], columns);
      }
    }
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int c = 0; c < JOINT_VECTORS; c++)
        joint_put(sum[r][c], counts + r * ROTE_JOINT_COLUMNS + 4 * V * (c0 + c), add);
  }
}

static void joint_counts(int32_t groups, int32_t rows, const uint8_t *a, int64_t a_stride, const uint8_t *b,
                         uint16_t *counts) {
  int start = 0;
  /* A part of the panel that the first-level cache holds, for all rows. */
  do {
    const int steps = groups - start < JOINT_STEPS ? groups - start : JOINT_STEPS;
    int r = 0;
    for (; r + JOINT_ROWS <= rows; r += JOINT_ROWS)
      joint_rows(JOINT_ROWS, steps, a + r * a_stride, a_stride, b, start > 0, counts + r * ROTE_JOINT_COLUMNS);
    for (; r < rows; r++)
      joint_rows(1, steps, a + r * a_stride, a_stride, b, start > 0, counts + r * ROTE_JOINT_COLUMNS);
    start += steps;
    a += steps;
    b += (int64_t)steps * ROTE_JOINT_COLUMNS;
  } while (start < groups);
}

/* How many of a panel's columns reach their limit. */
static int32_t joint_reach(const uint16_t *counts, const uint16_t *limits) {
  uint16_t sum = 0;
  for (int c = 0; c < ROTE_JOINT_COLUMNS; c++) sum += counts[c] >= limits[c];
  return sum;
}

/* How many of a panel's columns may have a difference of shares of at least `threshold`: of `counts` in `inside`, less
 * the rest of `successes` in the rest of `draws`. The difference is multiplied by both numbers of runs; the slack is
 * above what rounding can lose, so that none is missed. */
static int32_t joint_may_reach(const uint16_t *counts, const uint16_t *inside, const float *successes,
                               const float *draws, float threshold) {
  int32_t sum = 0;
  for (int c = 0; c < ROTE_JOINT_COLUMNS; c++) {
    const float count = counts[c], n = inside[c], t = successes[c], all = draws[c];
    const float gain = count * all, base = t * n, size = n * all;
    sum += (gain - base >= threshold * n * (all - n) - 2e-6f * (gain + base + size)) & (n > 0) & (n < all);
  }
  return sum;
}
