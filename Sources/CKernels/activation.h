/* Activations and addition. */

INLINE vec activation(const int kind, vec x) {
  switch (kind) {
  case ROTE_RELU: return blend(x > 0.0f, x, (vec){0});
  case ROTE_SIN: return sine(x);
  case ROTE_SIGMOID: return 1.0f / (1.0f + exponential(-x));
  default: return x;
  }
}

INLINE vec slope(const int kind, vec x, vec y, vec dy) {
  switch (kind) {
  case ROTE_RELU: return blend(y > 0.0f, dy, (vec){0});
  case ROTE_SIN: return dy * cosine(x);
  case ROTE_SIGMOID: return dy * (y * (1.0f - y));
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

/* Sigmoid alone is not zero at zero: its lanes that are no channels are cleared. */
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
  default: slope_all(ROTE_LINEAR, vectors, x, y, dy, accumulate, dx);
  }
}

static void add(int64_t count, const float *a, const float *b, float *y) {
  for (int64_t i = 0; i < count; i += V) store(y + i, load(a + i) + load(b + i));
}
