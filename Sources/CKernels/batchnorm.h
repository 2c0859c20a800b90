/* Batch-norm over channels: (n, mean, M2) per example merged by Chan, Golub and LeVeque 1979; forward; backward. */

INLINE vec plane_sum(const float *x, int pixels) {
  vec s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
  int p = 0;
  for (; p + 4 <= pixels; p += 4, x += 4 * V) {
    s0 += load(x), s1 += load(x + V), s2 += load(x + 2 * V), s3 += load(x + 3 * V);
  }
  for (; p < pixels; p++, x += V) s0 += load(x);
  return (s0 + s1) + (s2 + s3);
}

static void channel_sums(int32_t blocks, int32_t pixels, const float *x, int32_t accumulate, float *sum) {
  for (int b = 0; b < blocks; b++) put(sum + b * V, plane_sum(x + (int64_t)b * pixels * V, pixels), accumulate);
}

INLINE vec plane_m2(const float *x, int pixels, vec mean) {
  vec s[4] = {{0}};
  int p = 0;
  for (; p + 4 <= pixels; p += 4, x += 4 * V)
    UNROLL for (int k = 0; k < 4; k++) {
      const vec d = load(x + k * V) - mean;
      s[k] += d * d;
    }
  for (; p < pixels; p++, x += V) {
    const vec d = load(x) - mean;
    s[0] += d * d;
  }
  return (s[0] + s[1]) + (s[2] + s[3]);
}

static void merge_moments(int32_t blocks, float n, float *mean, float *m2, float more, const float *more_mean,
                          const float *more_m2) {
  const float share = more / (n + more), weight = n * share;
  for (int b = 0; b < blocks; b++, mean += V, m2 += V, more_mean += V, more_m2 += V) {
    const vec d = load(more_mean) - load(mean);
    store(mean, load(mean) + d * share);
    store(m2, load(m2) + (load(more_m2) + d * d * weight));
  }
}

static void moments(int32_t blocks, int32_t pixels, int32_t merged, const float *x, float *mean, float *m2) {
  for (int b = 0; b < blocks; b++, x += (int64_t)pixels * V, mean += V, m2 += V) {
    const vec own_mean = plane_sum(x, pixels) / (float)pixels;
    const vec own_m2 = plane_m2(x, pixels, own_mean);
    if (merged)
      merge_moments(1, merged, mean, m2, pixels, (const float *)&own_mean, (const float *)&own_m2);
    else
      store(mean, own_mean), store(m2, own_m2);
  }
}

/* What a channel's values are multiplied by and what is added, in the terms of load_normalised. */
struct normal {
  vec mean, scale, shift;
};

INLINE struct normal normal_of(int b, const float *mean, const float *inverse, const float *weight,
                               const float *bias) {
  return (struct normal){load(mean + b * V), load(weight + b * V) * load(inverse + b * V), load(bias + b * V)};
}

INLINE vec load_normalised(const float *x, struct normal n) { return (load(x) - n.mean) * n.scale + n.shift; }

INLINE void normalise_plane(const int add, const int kind, int pixels, const float *x, struct normal n,
                            const float *residual, float *y) {
  for (int64_t i = 0; i < (int64_t)pixels * V; i += V) {
    vec value = load_normalised(x + i, n);
    if (add) value += load(residual + i);
    store(y + i, activation(kind, value));
  }
}

static void normalise(int32_t blocks, int32_t pixels, const float *x, const float *mean, const float *inverse,
                      const float *weight, const float *bias, const float *residual, int32_t kind, float *y) {
  for (int b = 0; b < blocks; b++) {
    const struct normal n = normal_of(b, mean, inverse, weight, bias);
    const int64_t at = (int64_t)b * pixels * V;
    if (residual && kind == ROTE_RELU)
      normalise_plane(1, ROTE_RELU, pixels, x + at, n, residual + at, y + at);
    else if (residual)
      normalise_plane(1, ROTE_LINEAR, pixels, x + at, n, residual + at, y + at);
    else if (kind == ROTE_RELU)
      normalise_plane(0, ROTE_RELU, pixels, x + at, n, residual, y + at);
    else if (kind == ROTE_HARDSWISH)
      normalise_plane(0, ROTE_HARDSWISH, pixels, x + at, n, residual, y + at);
    else
      normalise_plane(0, ROTE_LINEAR, pixels, x + at, n, residual, y + at);
  }
}

/* How a gradient is multiplied where an activation followed: not at all, by whether a ReLU's result is positive, or by
 * the slope at the activation's argument, which is what the normalisation gave. */
enum { NO_MASK, MASK_BY_RESULT, MASK_BY_ARGUMENT };

INLINE void add_to_sums(const int mask, const int kind, const float *x, struct normal n, const float *y, float *dy,
                        vec *product, vec *sum) {
  vec d = load(dy);
  if (mask == MASK_BY_RESULT) d = slope(ROTE_RELU, d, load(y), d);
  if (mask == MASK_BY_ARGUMENT) {
    const vec argument = load_normalised(x, n);
    d = slope(kind, argument, argument, d);
  }
  if (mask) store(dy, d);
  *product += d * (load(x) - n.mean);
  *sum += d;
}

INLINE void plane_sums(const int mask, const int kind, int pixels, const float *x, struct normal n, const float *y,
                       float *dy, vec *product, vec *sum) {
  vec products[4] = {{0}}, sums[4] = {{0}};
  int64_t i = 0;
  for (; i + 4 * V <= (int64_t)pixels * V; i += 4 * V)
    UNROLL for (int k = 0; k < 4; k++)
      add_to_sums(mask, kind, x + i + k * V, n, y + i + k * V, dy + i + k * V, &products[k], &sums[k]);
  for (; i < (int64_t)pixels * V; i += V) add_to_sums(mask, kind, x + i, n, y + i, dy + i, &products[0], &sums[0]);
  *product = (products[0] + products[1]) + (products[2] + products[3]);
  *sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static void normalise_sums(int32_t blocks, int32_t pixels, const float *x, const float *mean, const float *inverse,
                           const float *weight, const float *bias, int32_t kind, const float *y, float *dy,
                           int32_t accumulate, float *dweight, float *dbias) {
  for (int b = 0; b < blocks; b++) {
    const struct normal n = normal_of(b, mean, inverse, weight, bias);
    const int64_t at = (int64_t)b * pixels * V;
    vec product, sum;
    if (kind == ROTE_RELU && y)
      plane_sums(MASK_BY_RESULT, ROTE_RELU, pixels, x + at, n, y + at, dy + at, &product, &sum);
    else if (kind == ROTE_RELU)
      plane_sums(MASK_BY_ARGUMENT, ROTE_RELU, pixels, x + at, n, dy + at, dy + at, &product, &sum);
    else if (kind == ROTE_HARDSWISH)
      plane_sums(MASK_BY_ARGUMENT, ROTE_HARDSWISH, pixels, x + at, n, dy + at, dy + at, &product, &sum);
    else
      plane_sums(NO_MASK, ROTE_LINEAR, pixels, x + at, n, dy + at, dy + at, &product, &sum);
    put(dweight + b * V, product * load(inverse + b * V), accumulate);
    put(dbias + b * V, sum, accumulate);
  }
}

/* dx = weight / s (dy - mean of dy - xhat mean of dy xhat), xhat = (x - mean) / s, s the standard deviation. */
static void normalise_gradient(int32_t blocks, int32_t pixels, const float *x, const float *dy, const float *mean,
                               const float *inverse, const float *weight, const float *dweight, const float *dbias,
                               float share, int32_t accumulate, float *dx) {
  for (int b = 0; b < blocks; b++) {
    const vec m = load(mean + b * V), s = load(inverse + b * V), k = load(weight + b * V) * s;
    const vec slope = load(dweight + b * V) * share * s, level = load(dbias + b * V) * share;
    if (accumulate)
      for (int p = 0; p < pixels; p++, x += V, dy += V, dx += V)
        store(dx, load(dx) + k * ((load(dy) - level) - (load(x) - m) * slope));
    else
      for (int p = 0; p < pixels; p++, x += V, dy += V, dx += V)
        store(dx, k * ((load(dy) - level) - (load(x) - m) * slope));
  }
}
