/* The mean over height and width. */

static void average(int32_t blocks, int32_t pixels, const float *x, float *y) {
  for (int b = 0; b < blocks; b++, x += (int64_t)pixels * V)
    store(y + b * V, plane_sum(x, pixels) * (1.0f / (float)pixels));
}

static void average_gradient(int32_t blocks, int32_t pixels, const float *dy, int32_t accumulate, float *dx) {
  for (int b = 0; b < blocks; b++) {
    const vec d = load(dy + b * V) * (1.0f / (float)pixels);
    for (int p = 0; p < pixels; p++, dx += V) put(dx, d, accumulate);
  }
}
