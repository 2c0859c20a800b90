#include "CKernels.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* Floats that are standardised at a time: some pixels of a row, at least one. */
enum { PIECE = 6 * ROTE_MOST_CHANNELS };

/* A mean and an inverse for each float of a piece. */
struct scale {
  float mean[PIECE], inverse[PIECE];
};

INLINE void standardise(int count, const uint8_t *image, const struct scale *scale, float *restrict y) {
  for (int i = 0; i < count; i++) y[i] = ((float)image[i] - scale->mean[i]) * scale->inverse[i];
}

/* Pixels that lie `from` floats apart to where they shall lie `to` apart. */
INLINE void place(const int channels, int pixels, const float *x, ptrdiff_t from, float *y, ptrdiff_t to) {
#pragma clang loop unroll_count(4)
  for (int p = 0; p < pixels; p++, x += from, y += to) memcpy(y, x, sizeof(float) * channels);
}

static int least(int a, int b) { return a < b ? a : b; }
static int within(int x, int size) { return x < 0 ? 0 : x > size ? size : x; }

/* `channels` is g.channels, and a constant where this is inlined for the usual numbers. */
INLINE void prepare(const int channels, struct rote_preparation g, const uint8_t *image, const float *mean,
                    const float *inverse, float *y) {
  const int piece = least(PIECE / channels, g.width);
  struct scale scale;
  float border[PIECE], floats[PIECE];
  for (int p = 0; p < piece; p++) {
    memcpy(scale.mean + p * channels, mean, sizeof(float) * channels);
    memcpy(scale.inverse + p * channels, inverse, sizeof(float) * channels);
  }
  for (int k = 0; k < channels; k++) border[k] = (0.0f - mean[k]) * inverse[k];

  /* Image columns `first` to `end` are seen. The first goes to column `start` of the result, and all of them begin at
   * `left`: unmirrored, result column c is image column c + dx; mirrored, width - 1 - c + dx. */
  const int first = within(g.dx, g.width), end = within(g.width + g.dx, g.width), seen = end - first;
  const int start = g.flip ? g.width - 1 + g.dx - first : first - g.dx;
  const int left = g.flip ? start - seen + 1 : start;
  const ptrdiff_t stride = g.pixel_stride, step = g.flip ? -stride : stride;
  for (int r = 0; r < g.height; r++, y += g.width * stride) {
    const int row = r + g.dy;
    if (row < 0 || row >= g.height || seen == 0) {
      place(channels, g.width, border, 0, y, stride);
      continue;
    }
    place(channels, left, border, 0, y, stride);
    place(channels, g.width - left - seen, border, 0, y + (left + seen) * stride, stride);
    const uint8_t *source = image + ((ptrdiff_t)row * g.width + first) * channels;
    float *target = y + start * stride;
    for (int rest = seen; rest > 0; rest -= piece, source += piece * channels, target += piece * step) {
      const int pixels = least(piece, rest);
      if (step == channels) {
        standardise(pixels * channels, source, &scale, target);
      } else {
        standardise(pixels * channels, source, &scale, floats);
        place(channels, pixels, floats, channels, target, step);
      }
    }
  }
}

INLINE void prepare_any(struct rote_preparation g, const uint8_t *image, const float *mean, const float *inverse,
                        float *y) {
  switch (g.channels) {
  case 1: prepare(1, g, image, mean, inverse, y); break;
  case 3: prepare(3, g, image, mean, inverse, y); break;
  default: prepare(g.channels, g, image, mean, inverse, y);
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void prepare_avx2(struct rote_preparation g, const uint8_t *image,
                                                         const float *mean, const float *inverse, float *y) {
  prepare_any(g, image, mean, inverse, y);
}
#endif

/* A difference and a product leave nothing to fuse: all versions have the same bits. */
void rote_prepare(struct rote_preparation g, const uint8_t *image, const float *mean, const float *inverse,
                  float *y) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    prepare_avx2(g, image, mean, inverse, y);
    return;
  }
#endif
  prepare_any(g, image, mean, inverse, y);
}
