/* Pooling: the mean over height and width, and the maximum or mean of square windows. */

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

/* The taps of a window that begins at `start` which fall within `size`. */
struct span {
  int first, end;
};

INLINE struct span taps_within(int start, int kernel, int size) {
  return (struct span){start < 0 ? -start : 0, start + kernel < size ? kernel : size - start};
}

INLINE int pooled(const struct rote_pooling *g, int size) {
  return (size + 2 * g->padding - g->kernel) / g->stride + 1;
}

typedef uint8_t bytes __attribute__((vector_size(V), may_alias));

static void max_pool(struct rote_pooling g, const float *x, float *y, uint8_t *winner) {
  const int rows = pooled(&g, g.height), columns = pooled(&g, g.width);
  for (int b = 0; b < g.blocks; b++, x += (int64_t)g.height * g.width * V)
    for (int r = 0; r < rows; r++) {
      const int top = r * g.stride - g.padding;
      const struct span down = taps_within(top, g.kernel, g.height);
      for (int c = 0; c < columns; c++, y += V, winner += V) {
        const int left = c * g.stride - g.padding;
        const struct span across = taps_within(left, g.kernel, g.width);
        vec best = splat(-__builtin_inff());
        ivec which = (ivec){0} + (down.first * g.kernel + across.first);
        for (int i = down.first; i < down.end; i++)
          for (int j = across.first; j < across.end; j++) {
            const vec value = load(x + ((int64_t)(top + i) * g.width + left + j) * V);
            const ivec wins = (value > best) | (value != value);
            best = blend(wins, value, best);
            which = (wins & (i * g.kernel + j)) | (~wins & which);
          }
        store(y, best);
        *(bytes *)winner = __builtin_convertvector(which, bytes);
      }
    }
}

static void max_pool_gradient(struct rote_pooling g, const float *dy, const uint8_t *winner, int32_t accumulate,
                              float *dx) {
  const int rows = pooled(&g, g.height), columns = pooled(&g, g.width);
  const int64_t plane = (int64_t)g.height * g.width * V;
  if (!accumulate)
    for (int64_t i = 0; i < g.blocks * plane; i += V) store(dx + i, (vec){0});
  for (int b = 0; b < g.blocks; b++, dx += plane)
    for (int r = 0; r < rows; r++) {
      const int top = r * g.stride - g.padding;
      const struct span down = taps_within(top, g.kernel, g.height);
      for (int c = 0; c < columns; c++, dy += V, winner += V) {
        const int left = c * g.stride - g.padding;
        const struct span across = taps_within(left, g.kernel, g.width);
        const ivec which = __builtin_convertvector(*(const bytes *)winner, ivec);
        for (int i = down.first; i < down.end; i++)
          for (int j = across.first; j < across.end; j++) {
            float *to = dx + ((int64_t)(top + i) * g.width + left + j) * V;
            store(to, load(to) + blend(which == i * g.kernel + j, load(dy), (vec){0}));
          }
      }
    }
}

static void average_pool(struct rote_pooling g, const float *x, float *y) {
  const int rows = pooled(&g, g.height), columns = pooled(&g, g.width);
  const float share = 1.0f / (float)(g.kernel * g.kernel);
  for (int b = 0; b < g.blocks; b++, x += (int64_t)g.height * g.width * V)
    for (int r = 0; r < rows; r++)
      for (int c = 0; c < columns; c++, y += V) {
        const float *window = x + ((int64_t)r * g.stride * g.width + c * g.stride) * V;
        vec sum = {0};
        for (int i = 0; i < g.kernel; i++)
          for (int j = 0; j < g.kernel; j++) sum += load(window + ((int64_t)i * g.width + j) * V);
        store(y, sum * share);
      }
}

static void average_pool_gradient(struct rote_pooling g, const float *dy, int32_t accumulate, float *dx) {
  const int rows = pooled(&g, g.height), columns = pooled(&g, g.width);
  const float share = 1.0f / (float)(g.kernel * g.kernel);
  const int64_t plane = (int64_t)g.height * g.width * V;
  if (!accumulate)
    for (int64_t i = 0; i < g.blocks * plane; i += V) store(dx + i, (vec){0});
  for (int b = 0; b < g.blocks; b++, dx += plane)
    for (int r = 0; r < rows; r++)
      for (int c = 0; c < columns; c++, dy += V) {
        float *window = dx + ((int64_t)r * g.stride * g.width + c * g.stride) * V;
        const vec d = load(dy) * share;
        for (int i = 0; i < g.kernel; i++)
          for (int j = 0; j < g.kernel; j++) {
            float *to = window + ((int64_t)i * g.width + j) * V;
            store(to, load(to) + d);
          }
      }
}
