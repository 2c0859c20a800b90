/* The inner products of four vectors with four others, out(i, j) = <a_i, b_j>, of `count` floats each, a multiple of V.
 * Sums of some thousand floats, the rest in double. */

#define PRODUCTS_AT_ONCE 4096

static void products(int64_t count, const float *const *a, const float *const *b, double *out) {
  for (int i = 0; i < 16; i++) out[i] = 0;
  for (int64_t first = 0; first < count; first += PRODUCTS_AT_ONCE) {
    const int64_t end = count - first < PRODUCTS_AT_ONCE ? count : first + PRODUCTS_AT_ONCE;
    /* Two rows at a time: eight sums and what they are made from stay in registers on every machine. */
    for (int i = 0; i < 4; i += 2) {
      vec sum[2][4] = {{{0}}};
      for (int64_t k = first; k < end; k += V) {
        const vec x = load(a[i] + k), y = load(a[i + 1] + k);
        UNROLL for (int j = 0; j < 4; j++) {
          const vec z = load(b[j] + k);
          sum[0][j] += x * z;
          sum[1][j] += y * z;
        }
      }
      for (int r = 0; r < 2; r++)
        for (int j = 0; j < 4; j++) {
          double total = 0;
          for (int lane = 0; lane < V; lane++) total += sum[r][j][lane];
          out[(i + r) * 4 + j] += total;
        }
    }
  }
}
