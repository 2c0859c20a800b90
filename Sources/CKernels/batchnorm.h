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

static void normalise(int32_t blocks, int32_t pixels, const float *x, const float *mean, const float *inverse,
                      const float *weight, const float *bias, float *y) {
  for (int b = 0; b < blocks; b++) {
    const vec m = load(mean + b * V), k = load(weight + b * V) * load(inverse + b * V), shift = load(bias + b * V);
    for (int p = 0; p < pixels; p++, x += V, y += V) store(y, (load(x) - m) * k + shift);
  }
}

static void normalise_sums(int32_t blocks, int32_t pixels, const float *x, const float *dy, const float *mean,
                           const float *inverse, int32_t accumulate, float *dweight, float *dbias) {
  for (int b = 0; b < blocks; b++) {
    const vec m = load(mean + b * V);
    vec product[4] = {{0}}, sum[4] = {{0}};
    int p = 0;
    for (; p + 4 <= pixels; p += 4, x += 4 * V, dy += 4 * V)
      UNROLL for (int k = 0; k < 4; k++) {
        const vec d = load(dy + k * V);
        product[k] += d * (load(x + k * V) - m);
        sum[k] += d;
      }
    for (; p < pixels; p++, x += V, dy += V) {
      product[0] += load(dy) * (load(x) - m);
      sum[0] += load(dy);
    }
    put(dweight + b * V, ((product[0] + product[1]) + (product[2] + product[3])) * load(inverse + b * V), accumulate);
    put(dbias + b * V, (sum[0] + sum[1]) + (sum[2] + sum[3]), accumulate);
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
