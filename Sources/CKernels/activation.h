/* Activations, addition, and multiplication by a gate. */

/* min(max(x + 3, 0), 6) / 6, NaN where x is. */
INLINE vec hard_gate(vec x) {
  const vec inner = x * (1.0f / 6.0f) + 0.5f;
  return blend(x <= -3.0f, (vec){0}, blend(x >= 3.0f, splat(1.0f), inner));
}

INLINE vec activation(const int kind, vec x) {
  switch (kind) {
  case ROTE_RELU: return blend(x > 0.0f, x, (vec){0});
  case ROTE_SIN: return sine(x);
  case ROTE_SIGMOID: return 1.0f / (1.0f + exponential(-x));
  case ROTE_HARDSWISH: return x * hard_gate(x);
  case ROTE_HARDSIGMOID: return hard_gate(x);
  default: return x;
  }
}

INLINE vec slope(const int kind, vec x, vec y, vec dy) {
  switch (kind) {
  case ROTE_RELU: return blend(y > 0.0f, dy, (vec){0});
  case ROTE_SIN: return dy * cosine(x);
  case ROTE_SIGMOID: return dy * (y * (1.0f - y));
  case ROTE_HARDSWISH:
    return blend(x <= -3.0f, (vec){0}, blend(x >= 3.0f, dy, dy * (x * (1.0f / 3.0f) + 0.5f)));
  case ROTE_HARDSIGMOID: return blend((x > -3.0f) & (x < 3.0f), dy * (1.0f / 6.0f), (vec){0});
  default: return dy;
  }
}

INLINE void activate_all(const int kind, int64_t vectors, const float *x, float *y) {
  for (int64_t i = 0; i < vectors; i++) store(y + i * V, activation(kind, load(x + i * V)));
}

INLINE void slope_all(const int kind, int64_t vectors, const float *x, const float *y, const float *dy,
                      int32_t accumulate, float *dx) {
  if (accumulate)
    for (int64_t i = 0; i < vectors * V; i += V)
      store(dx + i, load(dx + i) + slope(kind, load(x + i), load(y + i), load(dy + i)));
  else
    for (int64_t i = 0; i < vectors * V; i += V)
      store(dx + i, slope(kind, load(x + i), load(y + i), load(dy + i)));
}

/* Sigmoids are not zero at zero: their lanes that are no channels are cleared. */
static void clear_padding(int32_t channels, int32_t pixels, float *y) {
  const int lanes = channels % V;
  if (!lanes) return;
  y += (int64_t)(channels / V) * pixels * V;
  for (int p = 0; p < pixels; p++, y += V)
    for (int lane = lanes; lane < V; lane++) y[lane] = 0;
}

static void activate(int32_t kind, int32_t channels, int32_t pixels, const float *x, float *y) {
  const int64_t vectors = (int64_t)blocks_of(channels) * pixels;
  switch (kind) {
  case ROTE_RELU: activate_all(ROTE_RELU, vectors, x, y); break;
  case ROTE_SIN: activate_all(ROTE_SIN, vectors, x, y); break;
  case ROTE_SIGMOID:
    activate_all(ROTE_SIGMOID, vectors, x, y);
    clear_padding(channels, pixels, y);
    break;
  case ROTE_HARDSWISH: activate_all(ROTE_HARDSWISH, vectors, x, y); break;
  case ROTE_HARDSIGMOID:
    activate_all(ROTE_HARDSIGMOID, vectors, x, y);
    clear_padding(channels, pixels, y);
    break;
  default: activate_all(ROTE_LINEAR, vectors, x, y);
  }
}

static void activate_gradient(int32_t kind, int32_t channels, int32_t pixels, const float *x, const float *y,
                              const float *dy, int32_t accumulate, float *dx) {
  const int64_t vectors = (int64_t)blocks_of(channels) * pixels;
  switch (kind) {
  case ROTE_RELU: slope_all(ROTE_RELU, vectors, x, y, dy, accumulate, dx); break;
  case ROTE_SIN: slope_all(ROTE_SIN, vectors, x, y, dy, accumulate, dx); break;
  case ROTE_SIGMOID: slope_all(ROTE_SIGMOID, vectors, x, y, dy, accumulate, dx); break;
  case ROTE_HARDSWISH: slope_all(ROTE_HARDSWISH, vectors, x, y, dy, accumulate, dx); break;
  case ROTE_HARDSIGMOID: slope_all(ROTE_HARDSIGMOID, vectors, x, y, dy, accumulate, dx); break;
  default: slope_all(ROTE_LINEAR, vectors, x, y, dy, accumulate, dx);
  }
}

static void add(int64_t count, const float *a, const float *b, float *y) {
  for (int64_t i = 0; i < count; i += V) store(y + i, load(a + i) + load(b + i));
}

static void multiply(int32_t blocks, int32_t pixels, const float *x, const float *gate, float *y) {
  for (int b = 0; b < blocks; b++) {
    const vec g = load(gate + b * V);
    for (int p = 0; p < pixels; p++, x += V, y += V) store(y, load(x) * g);
  }
}

static void multiply_gradient(int32_t blocks, int32_t pixels, const float *gate, const float *dy, int32_t accumulate,
                              float *dx) {
  for (int b = 0; b < blocks; b++) {
    const vec g = load(gate + b * V);
    for (int p = 0; p < pixels; p++, dy += V, dx += V) put(dx, load(dy) * g, accumulate);
  }
}

static void gate_gradient(int32_t blocks, int32_t pixels, const float *x, const float *dy, int32_t accumulate,
                          float *dgate) {
  for (int b = 0; b < blocks; b++) {
    vec sum[4] = {{0}};
    int p = 0;
    for (; p + 4 <= pixels; p += 4, x += 4 * V, dy += 4 * V)
      UNROLL for (int k = 0; k < 4; k++) sum[k] += load(x + k * V) * load(dy + k * V);
    for (; p < pixels; p++, x += V, dy += V) sum[0] += load(x) * load(dy);
    put(dgate + b * V, (sum[0] + sum[1]) + (sum[2] + sum[3]), accumulate);
  }
}
