/* What logits say of their label. A lane is a row, so that there is nothing to sum across lanes, whatever the number of
 * classes, and sums run in the order of the classes on every machine. */

/* The logits of class i of V rows, -infinity in those whose label it is. */
INLINE vec others(const float *const z[V], ivec label, int32_t i) {
  vec v;
  UNROLL for (int k = 0; k < V; k++) v[k] = z[k][i];
  return blend(label == i, splat(-__builtin_inff()), v);
}

/* As many classes are held, so that logits are gathered once; they stay in the first-level cache. */
#define LOGITS_AT_ONCE 128

/* margin = z[y] - m, m the largest other logit; log_odds = z[y] - ln sum of e^z over the others. */
static void label_logits(int64_t rows, int32_t classes, const float *z, const int32_t *label, float *margin,
                         float *log_odds) {
  for (int64_t row = 0; row < rows; row += V) {
    const int32_t room = rows - row < V ? (int32_t)(rows - row) : V;
    const float *logits[V];
    ivec y;
    vec own;
    UNROLL for (int k = 0; k < V; k++) {
      const int64_t at = row + (k < room ? k : 0);
      logits[k] = z + at * classes;
      y[k] = label[at];
      own[k] = logits[k][label[at]];
    }
    vec top = splat(-__builtin_inff()), sum = {0};
    for (int32_t first = 0; first < classes; first += LOGITS_AT_ONCE) {
      const int32_t count = classes - first < LOGITS_AT_ONCE ? classes - first : LOGITS_AT_ONCE;
      vec held[LOGITS_AT_ONCE], most = top;
      for (int32_t i = 0; i < count; i++) {
        const vec v = held[i] = others(logits, y, first + i);
        most = blend(v > most, v, most);
      }
      /* Where all so far are -infinity, their distance to it would be a NaN. */
      const vec base = blend(most == -__builtin_inff(), splat(0.0f), most);
      if (first > 0) sum *= exponential_of_negative(top - base);
      for (int32_t i = 0; i < count; i++) sum += exponential_of_negative(held[i] - base);
      top = most;
    }
    /* A NaN among the others is no maximum, but makes the sum one. */
    const ivec is_known = (sum == sum) & (top > -__builtin_inff());
    const vec m = own - blend(is_known, top, splat(__builtin_nanf(""))), odds = m - logarithm(sum);
    for (int32_t k = 0; k < room; k++) {
      margin[row + k] = m[k];
      log_odds[row + k] = odds[k];
    }
  }
}
