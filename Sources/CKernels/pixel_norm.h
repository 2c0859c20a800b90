/* The squared norm of one example's gradient by the weights of a convolution that keeps height and width, from products
 * of pixels, of which the gradient itself is never made:
 *
 *   |sum over p of x(p + t) d(p)'|^2, summed over taps t, = sum over p, q of <d(p), d(q)> sum over t <x(p + t), x(q + t)>.
 *
 * Of small images with many channels that is a small part of the gradient's work (Bu, Mao and Xu 2022, "Scalable and
 * Efficient Training of Large Convolutional Neural Networks with Differential Privacy", arXiv 2205.10683: the ghost
 * norm). Both factors are symmetric in p and q, as is what a shift leaves of the image: rows of q from p's own on. */

typedef float loose_vec __attribute__((vector_size(4 * V), may_alias, aligned(4)));
typedef int32_t loose_ivec __attribute__((vector_size(4 * V), may_alias, aligned(4)));

#define PIXEL_ROWS 4

/* (channel, pixel) of (block, pixel, lane), with `row` floats a channel, those past the pixels zero. */
static void pixels_first(int blocks, int pixels, int row, const float *x, float *y) {
  for (int b = 0; b < blocks; b++, y += V * row) {
    for (int p = 0; p < pixels; p++, x += V) {
      const vec v = load(x);
      UNROLL for (int lane = 0; lane < V; lane++) y[lane * row + p] = v[lane];
    }
    for (int lane = 0; lane < V; lane++)
      for (int p = pixels; p < row; p++) y[lane * row + p] = 0;
  }
}

INLINE void products_of_pixels(const int C, int channels, int row, const float *x, int p, int q, float *products) {
  vec sum[PIXEL_ROWS][C];
  UNROLL for (int r = 0; r < PIXEL_ROWS; r++) UNROLL for (int c = 0; c < C; c++) sum[r][c] = (vec){0};
  for (int channel = 0; channel < channels; channel++, x += row) {
    vec other[C];
    UNROLL for (int c = 0; c < C; c++) other[c] = load(x + q + c * V);
    UNROLL for (int r = 0; r < PIXEL_ROWS; r++) UNROLL for (int c = 0; c < C; c++) sum[r][c] += other[c] * x[p + r];
  }
  UNROLL for (int r = 0; r < PIXEL_ROWS; r++)
    UNROLL for (int c = 0; c < C; c++) store(products + (int64_t)(p + r) * row + q + c * V, sum[r][c]);
}

/* products(p, q) of (channel, pixel), for all q in the image's row of p and in those after it. */
static void pixel_products(int channels, int pixels, int columns, int row, const float *x, float *products) {
  for (int p = 0; p < pixels; p += PIXEL_ROWS) {
    int q = p / columns * columns / V * V;
    for (; q + 2 * V <= row; q += 2 * V) products_of_pixels(2, channels, row, x, p, q, products);
    if (q < row) products_of_pixels(1, channels, row, x, p, q, products);
  }
}

static double pixel_norm(struct rote_pixels g, const float *x, const float *dy, float *scratch) {
  const int pixels = g.height * g.width, row = (pixels + V - 1) / V * V, kernel = g.kernel;
  const int64_t size = ROTE_PIXEL_PRODUCTS((int64_t)pixels, row);
  const int blocks = g.input_blocks > g.output_blocks ? g.input_blocks : g.output_blocks;
  /* A shifted row reaches over both ends of the products; what it meets there is masked. */
  const int reach = (g.padding * (g.width + 1) + V - 1) / V * V;
  float *turned = scratch, *gradients = turned + (int64_t)blocks * V * row, *inputs = gradients + size + reach;
  float *weighted = inputs + size + reach + V;
  int32_t *mask = (int32_t *)(weighted + row + V);
  pixels_first(g.output_blocks, pixels, row, dy, turned);
  pixel_products(g.output_blocks * V, pixels, g.width, row, turned, gradients);
  pixels_first(g.input_blocks, pixels, row, x, turned);
  pixel_products(g.input_blocks * V, pixels, g.width, row, turned, inputs);

  /* mask(tap, q): whether q shifted by the tap is in the image. */
  for (int i = 0; i < kernel; i++)
    for (int j = 0; j < kernel; j++) {
      int32_t *m = mask + (int64_t)(i * kernel + j) * (row + V);
      for (int q = 0; q < row + V; q++) {
        const int r = q / g.width + i - g.padding, c = q % g.width + j - g.padding;
        m[q] = q < pixels && r >= 0 && r < g.height && c >= 0 && c < g.width ? -1 : 0;
      }
    }
  for (int q = row; q < row + V; q++) weighted[q] = 0;
  double total = 0;
  for (int p = 0; p < pixels; p++) {
    const int r = p / g.width, first = r * g.width, second = first + g.width;
    const float *products = gradients + (int64_t)p * row;
    for (int q = first; q < second; q++) weighted[q] = products[q];
    for (int q = second; q < row; q++) weighted[q] = 2 * products[q];
    vec sum = {0};
    for (int i = 0; i < kernel; i++)
      for (int j = 0; j < kernel; j++) {
        const int y = r + i - g.padding, c = p % g.width + j - g.padding;
        if (y < 0 || y >= g.height || c < 0 || c >= g.width) continue;
        const int32_t *m = mask + (int64_t)(i * kernel + j) * (row + V);
        const float *shifted = inputs + (int64_t)(y * g.width + c) * row + (i - g.padding) * g.width + j - g.padding;
        for (int q = first; q < pixels; q += V) {
          const vec product = *(const loose_vec *)(weighted + q) * *(const loose_vec *)(shifted + q);
          sum += (vec)((ivec)product & *(const loose_ivec *)(m + q));
        }
      }
    for (int lane = 0; lane < V; lane++) total += sum[lane];
  }
  /* By rounding a norm of nearly zero may fall below. */
  return total < 0 ? 0 : total;
}
