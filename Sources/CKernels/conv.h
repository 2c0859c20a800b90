/* Convolutions and dense layers: a border, a grid of taps, and its gradient. See struct rote_taps. */

static void border(struct rote_border g, const float *x, float *scratch) {
  for (int b = 0; b < g.blocks; b++)
    for (int r = 0; r < g.rows; r++) {
      const int row = r - g.top;
      const int inside = row >= 0 && row < g.height;
      const float *source = x + ((int64_t)b * g.height + (inside ? row : 0)) * g.width * V;
      for (int p = 0; p < g.phases; p++)
        for (int c = 0, column = p - g.left; c < g.columns; c++, column += g.step, scratch += V)
          store(scratch, inside && column >= 0 && column < g.width ? load(source + (int64_t)column * V) : (vec){0});
    }
}

/* Adds some lanes' share to the sums of R x C pixels of O output blocks. */
INLINE void add_lanes(const int R, const int C, const int O, const int lanes, const float *x, int64_t x_row,
                      const float *w, int64_t w_block, vec *sum) {
  UNROLL for (int lane = 0; lane < lanes; lane++) {
    vec weight[2];
    UNROLL for (int o = 0; o < O; o++) weight[o] = load(w + o * w_block + lane * V);
    UNROLL for (int r = 0; r < R; r++)
      UNROLL for (int c = 0; c < C; c++) {
        const float pixel = x[r * x_row + c * V + lane];
        UNROLL for (int o = 0; o < O; o++) sum[(o * R + r) * C + c] += weight[o] * pixel;
      }
  }
}

/* R x C pixels of O output blocks, held in registers over all input blocks, taps and lanes. R, C and O are constants
 * where this is inlined. */
INLINE void tile(const int R, const int C, const int O, const struct rote_taps *g, const int32_t *offsets,
                 const int32_t *order, const float *x, const float *w, const float *bias, int32_t accumulate,
                 float *y) {
  const int64_t w_block = g->w_block;
  vec sum[R * C * O];
  UNROLL for (int o = 0; o < O; o++)
    UNROLL for (int r = 0; r < R; r++)
      UNROLL for (int c = 0; c < C; c++)
        sum[(o * R + r) * C + c] = accumulate ? load(y + o * g->y_block + r * g->y_row + c * g->y_column)
                                   : bias     ? load(bias + o * V)
                                              : (vec){0};
  for (int i = 0; i < g->input_blocks; i++) {
    const int lanes = i + 1 < g->input_blocks ? V : g->last_lanes;
    for (int t = 0; t < g->taps; t++) {
      const float *xt = x + i * g->x_block + offsets[t];
      const float *wt = w + ((int64_t)i * g->weight_taps + (order ? order[t] : t)) * V * V;
      /* A known number of lanes leaves no counting between the multiply-adds. */
      if (lanes == V)
        add_lanes(R, C, O, V, xt, g->x_row, wt, w_block, sum);
      else
        for (int lane = 0; lane < lanes; lane++)
          add_lanes(R, C, O, 1, xt + lane, g->x_row, wt + lane * V, w_block, sum);
    }
  }
  UNROLL for (int o = 0; o < O; o++)
    UNROLL for (int r = 0; r < R; r++)
      UNROLL for (int c = 0; c < C; c++)
        store(y + o * g->y_block + r * g->y_row + c * g->y_column, sum[(o * R + r) * C + c]);
}

/* A strip of C columns, R rows at a time, then row by row. */
INLINE void strip(const int R, const int C, const int O, const struct rote_taps *g, const int32_t *offsets,
                  const int32_t *order, const float *x, const float *w, const float *bias, int32_t accumulate,
                  float *y) {
  int row = 0;
  for (; row + R <= g->rows; row += R)
    tile(R, C, O, g, offsets, order, x + row * g->x_row, w, bias, accumulate, y + row * g->y_row);
  if (R > 1)
    for (; row < g->rows; row++)
      tile(1, C, O, g, offsets, order, x + row * g->x_row, w, bias, accumulate, y + row * g->y_row);
}

/* The whole grid of O output blocks in strips. Registers hold 16 pixels of one block; or without broadcasts in the
 * multiply-add, where two blocks share the load of a pixel, 6 of each, in strips as equal in width as can be. */
#define STRIP(R, C) \
  case C: \
    strip(R, C, O, g, offsets, order, x + column * V, w, bias, accumulate, y + column * g->y_column); \
    break;
INLINE void grid(const int O, const struct rote_taps *g, const int32_t *offsets, const int32_t *order, const float *x,
                 const float *w, const float *bias, int32_t accumulate, float *y) {
  for (int column = 0, width; column < g->columns; column += width) {
    const int left = g->columns - column;
#if ACCUMULATORS == 16
    width = left >= 16 ? 16 : left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    switch (width) { STRIP(1, 16) STRIP(2, 8) STRIP(4, 4) STRIP(8, 2) STRIP(8, 1) }
#else
    const int strips = (left + 5) / 6;
    width = (left + strips - 1) / strips;
    switch (width) { STRIP(1, 6) STRIP(1, 5) STRIP(1, 4) STRIP(2, 3) STRIP(3, 2) STRIP(6, 1) }
#endif
  }
}
#undef STRIP

static void taps(struct rote_taps g, const int32_t *offsets, const int32_t *order, const float *x, const float *w,
                 const float *bias, int32_t accumulate, float *y) {
  int o = 0;
#if ACCUMULATORS < 16
  for (; o + 2 <= g.output_blocks; o += 2)
    grid(2, &g, offsets, order, x, w + o * g.w_block, bias ? bias + o * V : bias, accumulate, y + o * g.y_block);
#endif
  for (; o < g.output_blocks; o++)
    grid(1, &g, offsets, order, x, w + o * g.w_block, bias ? bias + o * V : bias, accumulate, y + o * g.y_block);
}

/* Where the pixels are that a sum of outer products goes over: rows at equal steps, or at those of lists. */
struct pixels {
  int32_t rows, columns;
  int64_t x_row, y_row, y_column;
  const int64_t *x_rows, *y_rows;
};

/* O blocks of LANES x V sums over all pixels in registers; their gradients are `y_block` and their weights `w_block`
 * apart. `update`, where there is one, takes them over from `at` on. */
INLINE void outer_products(const int LANES, const int O, const int listed, struct pixels p, const float *x,
                           const float *dy, int64_t y_block, int32_t accumulate, float *dw, int64_t w_block,
                           const struct rote_update *update, int64_t at) {
  vec sum[O * LANES];
  if (update)
    for (int o = 0; o < O; o++)
      for (int lane = 0; lane < V; lane++) {
        __builtin_prefetch(update->momentum + at + o * w_block + lane * V, 1, 2);
        __builtin_prefetch(update->weight + at + o * w_block + lane * V, 1, 2);
      }
  UNROLL for (int o = 0; o < O; o++)
    UNROLL for (int lane = 0; lane < LANES; lane++)
      sum[o * LANES + lane] = accumulate ? load(dw + o * w_block + lane * V) : (vec){0};
  for (int r = 0; r < p.rows; r++) {
    const float *xr = x + (listed ? p.x_rows[r] : r * p.x_row), *dyr = dy + (listed ? p.y_rows[r] : r * p.y_row);
    for (int c = 0; c < p.columns; c++, xr += V, dyr += listed ? V : p.y_column) {
      vec d[O];
      UNROLL for (int o = 0; o < O; o++) d[o] = load(dyr + o * y_block);
      UNROLL for (int lane = 0; lane < LANES; lane++)
        UNROLL for (int o = 0; o < O; o++) sum[o * LANES + lane] += d[o] * xr[lane];
    }
  }
  UNROLL for (int o = 0; o < O; o++) {
    UNROLL for (int lane = 0; lane < LANES; lane++) {
      const int64_t place = o * w_block + lane * V;
      if (update)
        sgd_step(update->step, sum[o * LANES + lane], update->momentum + at + place, update->weight + at + place);
      else
        store(dw + place, sum[o * LANES + lane]);
    }
    /* Weights of lanes that are no channels stay zero. */
    if (!update && !accumulate)
      for (int lane = LANES; lane < V; lane++) store(dw + o * w_block + lane * V, (vec){0});
  }
}

/* Few lanes go with several output blocks, so that the registers are full. */
enum { FEW_LANES = 4, BLOCKS_OF_FEW = ACCUMULATORS / FEW_LANES };

INLINE int blocks_together(int lanes, int blocks) {
  return lanes <= FEW_LANES && blocks >= BLOCKS_OF_FEW ? BLOCKS_OF_FEW : 1;
}

/* The same for as many output blocks as `blocks_together` says. */
INLINE void some_products(int lanes, int together, const int listed, struct pixels p, const float *x, const float *dy,
                          int64_t y_block, int32_t accumulate, float *dw, int64_t w_block,
                          const struct rote_update *update, int64_t at) {
  if (lanes > FEW_LANES)
    outer_products(V, 1, listed, p, x, dy, y_block, accumulate, dw, w_block, update, at);
  else if (together == 1)
    outer_products(FEW_LANES, 1, listed, p, x, dy, y_block, accumulate, dw, w_block, update, at);
  else
    outer_products(FEW_LANES, BLOCKS_OF_FEW, listed, p, x, dy, y_block, accumulate, dw, w_block, update, at);
}

#if V == 8 && ACCUMULATORS == 8
/* N lanes from FROM on of two input blocks, times two output blocks: without broadcasts in the multiply-add, 12 sums for 8
 * loads keep both units at work, and 8 sums for 9 loads do not. */
INLINE void lane_products(const int FROM, const int N, const int listed, struct pixels p, const float *x,
                          int64_t x_block, const float *dy, int64_t y_block, int32_t accumulate, float *dw,
                          int64_t w_step, int64_t w_block, const struct rote_update *update, int64_t at) {
  vec sum[2 * N];
  UNROLL for (int o = 0; o < 2; o++)
    UNROLL for (int n = 0; n < N; n++) {
      const int64_t place = o * w_block + (FROM + n) / V * w_step + (FROM + n) % V * V;
      sum[o * N + n] = accumulate ? load(dw + place) : (vec){0};
      if (update) {
        __builtin_prefetch(update->momentum + at + place, 1, 2);
        __builtin_prefetch(update->weight + at + place, 1, 2);
      }
    }
  for (int r = 0; r < p.rows; r++) {
    const float *first = x + (listed ? p.x_rows[r] : r * p.x_row), *second = first + x_block;
    const float *d = dy + (listed ? p.y_rows[r] : r * p.y_row);
    for (int c = 0; c < p.columns; c++, first += V, second += V, d += listed ? V : p.y_column) {
      const vec d0 = load(d), d1 = load(d + y_block);
      UNROLL for (int n = 0; n < N; n++) {
        const float value = FROM + n < V ? first[FROM + n] : second[FROM + n - V];
        sum[n] += d0 * value;
        sum[N + n] += d1 * value;
      }
    }
  }
  UNROLL for (int o = 0; o < 2; o++)
    UNROLL for (int n = 0; n < N; n++) {
      const int64_t place = o * w_block + (FROM + n) / V * w_step + (FROM + n) % V * V;
      if (update)
        sgd_step(update->step, sum[o * N + n], update->momentum + at + place, update->weight + at + place);
      else
        store(dw + place, sum[o * N + n]);
    }
}

/* Input blocks from `i` on that go together. */
INLINE int inputs_together(int i, int input_blocks, int last_lanes) {
  return i + 2 < input_blocks || (i + 2 == input_blocks && last_lanes == V) ? 2 : 1;
}

INLINE void pair_products(const int listed, struct pixels p, const float *x, int64_t x_block, const float *dy,
                          int64_t y_block, int32_t accumulate, float *dw, int64_t w_step, int64_t w_block,
                          const struct rote_update *update, int64_t at) {
  lane_products(0, 6, listed, p, x, x_block, dy, y_block, accumulate, dw, w_step, w_block, update, at);
  lane_products(6, 6, listed, p, x, x_block, dy, y_block, accumulate, dw, w_step, w_block, update, at);
  lane_products(12, 4, listed, p, x, x_block, dy, y_block, accumulate, dw, w_step, w_block, update, at);
}
#else
INLINE int inputs_together(int i, int input_blocks, int last_lanes) {
  (void)i, (void)input_blocks, (void)last_lanes;
  return 1;
}
#define pair_products(...) ((void)0)
#endif

static void taps_gradient(struct rote_taps g, const int32_t *offsets, const float *x, const float *dy,
                          int32_t accumulate, float *dw, const struct rote_update *update) {
  const struct pixels p = {g.rows, g.columns, g.x_row, g.y_row, g.y_column, NULL, NULL};
  const int64_t w_step = (int64_t)g.taps * V * V, w_block = g.input_blocks * w_step;
  for (int i = 0, inputs; i < g.input_blocks; i += inputs) {
    inputs = inputs_together(i, g.input_blocks, g.last_lanes);
    for (int o = 0, outputs; o < g.output_blocks; o += outputs) {
      const int pairs = inputs == 2 && o + 2 <= g.output_blocks;
      const int lanes = i + inputs < g.input_blocks ? V : g.last_lanes;
      outputs = pairs ? 2 : blocks_together(lanes, g.output_blocks - o);
      for (int t = 0; t < g.taps; t++) {
        const int64_t at = o * w_block + i * w_step + (int64_t)t * V * V;
        const float *xt = x + i * g.x_block + offsets[t], *d = dy + o * g.y_block;
        if (pairs)
          pair_products(0, p, xt, g.x_block, d, g.y_block, accumulate, dw + at, w_step, w_block, update, at);
        else
          for (int k = 0; k < inputs; k++)
            some_products(k + 1 < inputs ? V : lanes, outputs, 0, p, xt + k * g.x_block, d, g.y_block, accumulate,
                          dw + at + k * w_step, w_block, update, at + k * w_step);
      }
    }
  }
}

static void rows_gradient(struct rote_rows g, const int64_t *x_rows, const int64_t *y_rows, const float *x,
                          const float *dy, int32_t accumulate, float *dw, const struct rote_update *update) {
  const struct pixels p = {g.rows, g.columns, 0, 0, V, x_rows, y_rows};
  const int64_t w_block = g.input_blocks * g.w_step;
  for (int i = 0, inputs; i < g.input_blocks; i += inputs) {
    inputs = inputs_together(i, g.input_blocks, g.last_lanes);
    for (int o = 0, outputs; o < g.output_blocks; o += outputs) {
      const int pairs = inputs == 2 && o + 2 <= g.output_blocks;
      const int lanes = i + inputs < g.input_blocks ? V : g.last_lanes;
      outputs = pairs ? 2 : blocks_together(lanes, g.output_blocks - o);
      const int64_t at = o * w_block + i * g.w_step;
      const float *xi = x + i * g.x_block, *d = dy + o * g.y_block;
      if (pairs)
        pair_products(1, p, xi, g.x_block, d, g.y_block, accumulate, dw + at, g.w_step, w_block, update, at);
      else
        for (int k = 0; k < inputs; k++)
          some_products(k + 1 < inputs ? V : lanes, outputs, 1, p, xi + k * g.x_block, d, g.y_block, accumulate,
                        dw + at + k * g.w_step, w_block, update, at + k * g.w_step);
    }
  }
}

static void transpose(int32_t output_blocks, int32_t input_blocks, int32_t taps, const int32_t *order, int32_t count,
                      const float *w, float *wt) {
  for (int i = 0; i < input_blocks; i++)
    for (int o = 0; o < output_blocks; o++)
      for (int t = 0; t < count; t++, wt += V * V) {
        const float *block = w + (((int64_t)o * input_blocks + i) * taps + order[t]) * V * V;
        for (int a = 0; a < V; a++)
          for (int b = 0; b < V; b++) wt[b * V + a] = block[a * V + b];
      }
}

static void scale(int32_t output_blocks, int32_t rows, const float *x, const float *factor, float *y) {
  for (int o = 0; o < output_blocks; o++)
    for (int r = 0; r < rows; r++, x += V, y += V) store(y, load(x) * load(factor + o * V));
}

static void gather(int32_t blocks, int32_t examples, int32_t room, const float *x, int64_t x_stride, int64_t y_stride,
                   float *y) {
  for (int b = 0; b < blocks; b++) {
    for (int e = 0; e < examples; e++) store(y + b * y_stride + e * V, load(x + e * x_stride + b * V));
    for (int e = examples; e < room; e++) store(y + b * y_stride + e * V, (vec){0});
  }
}
