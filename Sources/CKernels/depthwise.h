/* Convolutions of one block of channels in which a lane meets its own weights alone. See struct rote_taps; its numbers
 * of blocks are not looked at. */

/* Calls TILE(R, C) for all tiles of R x C pixels from (row, column) on: as many pixels as the registers hold, narrower
 * where few columns are left, and single rows where few rows are. */
#define STRIPS(R, C) \
  for (; column + (C) <= g.columns; column += C) { \
    int row = 0; \
    for (; row + (R) <= g.rows; row += R) TILE(R, C); \
    for (; row < g.rows; row++) TILE(1, C); \
  }
#if ACCUMULATORS == 16
#define ALL_STRIPS STRIPS(1, 16) STRIPS(2, 8) STRIPS(4, 4) STRIPS(8, 2) STRIPS(16, 1)
#else
#define ALL_STRIPS STRIPS(1, 8) STRIPS(2, 4) STRIPS(4, 2) STRIPS(8, 1)
#endif

/* The sums of R x C pixels, held in registers over all taps. */
INLINE void depthwise_tile(const int R, const int C, const struct rote_taps *g, const int32_t *offsets,
                           const float *x, const float *w, int32_t accumulate, float *y) {
  vec sum[ACCUMULATORS];
  UNROLL for (int r = 0; r < R; r++)
    UNROLL for (int c = 0; c < C; c++)
      sum[r * C + c] = accumulate ? load(y + r * g->y_row + c * g->y_column) : (vec){0};
  for (int t = 0; t < g->taps; t++) {
    const float *xt = x + offsets[t];
    const vec weight = load(w + t * V);
    UNROLL for (int r = 0; r < R; r++)
      UNROLL for (int c = 0; c < C; c++) sum[r * C + c] += weight * load(xt + r * g->x_row + c * V);
  }
  UNROLL for (int r = 0; r < R; r++)
    UNROLL for (int c = 0; c < C; c++) store(y + r * g->y_row + c * g->y_column, sum[r * C + c]);
}

static void depthwise(struct rote_taps g, const int32_t *offsets, const float *x, const float *w, int32_t accumulate,
                      float *y) {
  int column = 0;
#define TILE(R, C) \
  depthwise_tile(R, C, &g, offsets, x + row * g.x_row + column * V, w, accumulate, \
                 y + row * g.y_row + column * g.y_column)
  ALL_STRIPS
#undef TILE
}

/* R x C pixels' share in the gradient of every tap; their gradients are held in registers. Four sums, so that one
 * addition need not wait for the last. */
INLINE void depthwise_gradient_tile(const int R, const int C, const struct rote_taps *g, const int32_t *offsets,
                                    const float *x, const float *dy, float *dw) {
  vec d[ACCUMULATORS];
  UNROLL for (int r = 0; r < R; r++)
    UNROLL for (int c = 0; c < C; c++) d[r * C + c] = load(dy + r * g->y_row + c * g->y_column);
  for (int t = 0; t < g->taps; t++) {
    const float *xt = x + offsets[t];
    vec sum[4] = {load(dw + t * V)};
    UNROLL for (int r = 0; r < R; r++)
      UNROLL for (int c = 0; c < C; c++)
        sum[(r * C + c) % 4] += d[r * C + c] * load(xt + r * g->x_row + c * V);
    store(dw + t * V, (sum[0] + sum[1]) + (sum[2] + sum[3]));
  }
}

static void depthwise_gradient(struct rote_taps g, const int32_t *offsets, const float *x, const float *dy,
                               int32_t accumulate, float *dw) {
  if (!accumulate)
    for (int t = 0; t < g.taps; t++) store(dw + t * V, (vec){0});
  int column = 0;
#define TILE(R, C) \
  depthwise_gradient_tile(R, C, &g, offsets, x + row * g.x_row + column * V, \
                          dy + row * g.y_row + column * g.y_column, dw)
  ALL_STRIPS
#undef TILE
}

#undef STRIPS
#undef ALL_STRIPS
