/* What logits say of their label. Rows are as long as there are classes, and so aligned to floats alone. */

typedef float loose_vec __attribute__((vector_size(4 * V), aligned(4), may_alias));

/* Up to V logits from z[i] on, -infinity in lanes past the last class and in that of the label. */
INLINE vec others(const float *z, int32_t i, int32_t classes, int32_t label) {
  vec v;
  if (i + V <= classes) {
    v = *(const loose_vec *)(z + i);
  } else {
    v = splat(-__builtin_inff());
    for (int32_t k = 0; i + k < classes; k++) v[k] = z[i + k];
  }
  if (label >= i && label < i + V) v[label - i] = -__builtin_inff();
  return v;
}

/* The largest lane, and the sum of all in a fixed order: half to half. */
INLINE float largest(vec v) {
  float lane[V];
  *(loose_vec *)lane = v;
  UNROLL for (int w = V / 2; w > 0; w /= 2)
    UNROLL for (int i = 0; i < w; i++) lane[i] = lane[i + w] > lane[i] ? lane[i + w] : lane[i];
  return lane[0];
}

INLINE float total(vec v) {
  float lane[V];
  *(loose_vec *)lane = v;
  UNROLL for (int w = V / 2; w > 0; w /= 2)
    UNROLL for (int i = 0; i < w; i++) lane[i] += lane[i + w];
  return lane[0];
}

/* margin = z[y] - m, m the largest other logit; log_odds = z[y] - ln sum of e^z over the others. */
static void label_logits(int64_t rows, int32_t classes, const float *z, const int32_t *label, float *margin,
                         float *log_odds) {
  for (int64_t row = 0; row < rows; row += V) {
    const int32_t room = rows - row < V ? (int32_t)(rows - row) : V;
    vec tops = {0}, sums = splat(1.0f);
    for (int32_t k = 0; k < room; k++) {
      const float *logits = z + (row + k) * classes;
      const int32_t y = label[row + k];
      vec most = splat(-__builtin_inff());
      for (int32_t i = 0; i < classes; i += V) {
        const vec v = others(logits, i, classes, y);
        most = blend(v > most, v, most);
      }
      const float top = largest(most);
      vec sum = {0};
      for (int32_t i = 0; i < classes; i += V) sum += exponential(others(logits, i, classes, y) - top);
      tops[k] = top;
      sums[k] = total(sum);
    }
    const vec logs = logarithm(sums);
    for (int32_t k = 0; k < room; k++) {
      /* A NaN among the others is no maximum, but makes the sum one. */
      const float m = z[(row + k) * classes + label[row + k]] - (sums[k] == sums[k] ? tops[k] : sums[k]);
      margin[row + k] = m;
      log_odds[row + k] = m - logs[k];
    }
  }
}
