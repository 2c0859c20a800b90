#include "CKernels.h"

void rote_prepare(struct rote_preparation g, const uint8_t *image, const float *mean, const float *inverse,
                  float *y) {
  for (int r = 0; r < g.height; r++) {
    const int row = r + g.dy;
    for (int c = 0; c < g.width; c++, y += g.pixel_stride) {
      const int column = (g.flip ? g.width - 1 - c : c) + g.dx;
      const int inside = row >= 0 && row < g.height && column >= 0 && column < g.width;
      const uint8_t *pixel = image + ((ptrdiff_t)row * g.width + column) * g.channels;
      for (int k = 0; k < g.channels; k++) y[k] = ((inside ? (float)pixel[k] : 0.0f) - mean[k]) * inverse[k];
    }
  }
}
