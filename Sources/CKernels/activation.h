/* Activations and addition. Sine and exponential are our own, so that their bits depend on the kernel alone. */

/* sin(x + quarters pi / 2): x = k pi / 2 + r, |r| <= pi / 4, and k + quarters says which of sin r, cos r,
 * -sin r and -cos r it is. Of the four parts of pi / 2 all but the last have at most 11 bits, so that their products
 * with k are exact for |x| <= 10000 (Cody and Waite 1980), and the only rounding that matters, b - c, is made good.
 * The polynomials are those of Cephes' sinf and cosf. */
INLINE vec circular(vec x, int32_t quarters) {
  const vec rounded = x * 0.636619772367581343076f + ROUNDER;
  const ivec quadrant = (ivec)rounded + quarters;
  const vec k = rounded - ROUNDER;
  const vec b = (x - k * 0x1.92p+0f) - k * 0x1.fb4p-12f;
  const vec c = k * 0x1.444p-24f;
  const vec rounded_r = b - c;
  const vec rest = (b - rounded_r) - c;
  const vec r = rounded_r + (rest - k * 0x1.68c234p-39f);
  const vec s = r * r;
  vec p = s * -1.9515295891e-4f + 8.3321608736e-3f;
  p = p * s - 1.6666654611e-1f;
  vec q = s * 2.443315711809948e-5f - 1.388731625493765e-3f;
  q = q * s + 4.166664568298827e-2f;
  const vec sine = r + (r * s) * p;
  const vec cosine = 1.0f - (0.5f * s - (s * s) * q);
  const vec either = blend(-(quadrant & 1), cosine, sine);
  return (vec)((ivec)either ^ ((quadrant & 2) << 30));
}

INLINE vec sine(vec x) { return circular(x, 0); }
INLINE vec cosine(vec x) { return circular(x, 1); }

/* e^x = 2^n e^r, |r| <= ln 2 / 2; x is held within [-87, 88]. Polynomial: Cephes' expf. */
INLINE vec exponential(vec x) {
  x = blend(x > 88.0f, splat(88.0f), x);
  x = blend(x < -87.0f, splat(-87.0f), x);
  const vec rounded = x * 1.44269504088896341f + ROUNDER;
  const vec n = rounded - ROUNDER;
  vec r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  return p * (vec)(((ivec)rounded - 0x4b400000 + 127) << 23);
}

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
