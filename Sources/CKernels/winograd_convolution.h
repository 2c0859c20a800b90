/* The convolution: tiles of the input, 36 products of matrices, tiles of the output. See winograd.h. */

/* y(tile, block o) = sum over i and lanes of x(tile, block i) u(o, i) at one point, for T tiles and O blocks, whose
 * sums are held in registers. `block` is from one block of channels to the next in x and y. */
INLINE void product(const int T, const int O, int input_blocks, int last_lanes, int64_t block, const float *x,
                    const float *u, float *y) {
  const int64_t u_block = (int64_t)input_blocks * V * V;
  vec sum[ACCUMULATORS];
  UNROLL for (int k = 0; k < T * O; k++) sum[k] = (vec){0};
  for (int i = 0; i < input_blocks; i++, x += block, u += V * V) {
    const int lanes = i + 1 < input_blocks ? V : last_lanes;
    _Pragma("clang loop unroll_count(4)") for (int lane = 0; lane < lanes; lane++) {
      vec weight[2];
      UNROLL for (int o = 0; o < O; o++) weight[o] = load(u + o * u_block + lane * V);
      UNROLL for (int t = 0; t < T; t++) {
        const float value = x[t * TILE + lane];
        UNROLL for (int o = 0; o < O; o++) sum[o * T + t] += weight[o] * value;
      }
    }
  }
  UNROLL for (int o = 0; o < O; o++)
    UNROLL for (int t = 0; t < T; t++) store(y + o * block + t * TILE, sum[o * T + t]);
}

/* At m A to the 4x4 pixels from (row, column) on, those of them that exist. */
INLINE void output_tile(const int edge, const int finish, const float *points, const struct rote_finish *f, vec bias,
                        const float *residual, float *y, int row, int column, int rows, int columns) {
  vec z[4][6];
  UNROLL for (int j = 0; j < 6; j++) {
    vec m[6], r[4];
    UNROLL for (int i = 0; i < 6; i++) m[i] = load(points + (i * 6 + j) * V);
    transform_output(m, r);
    UNROLL for (int i = 0; i < 4; i++) z[i][j] = r[i];
  }
  UNROLL for (int i = 0; i < 4; i++) {
    vec r[4];
    transform_output(z[i], r);
    UNROLL for (int j = 0; j < 4; j++) {
      if (edge && (row + i >= rows || column + j >= columns)) continue;
      const int64_t at = ((int64_t)(row + i) * columns + column + j) * V;
      vec value = r[j];
      if (finish) {
        value += bias;
        if (f->accumulate) value += load(y + at);
        if (residual) value += load(residual + at);
        if (f->relu) value = activation(ROTE_RELU, value);
      }
      store(y + at, value);
    }
  }
}

static void output_tiles(const struct rote_winograd *g, struct tile t, int count, int block, const float *points,
                         const struct rote_finish *f, float *y, int64_t y_stride) {
  const int finish = f->bias || f->accumulate || f->residual || f->relu;
  const vec bias = f->bias ? load(f->bias + block * V) : (vec){0};
  const int64_t plane = (int64_t)block * g->rows * g->columns * V;
  for (int i = 0; i < count; i++, points += TILE, next_tile(g, &t)) {
    const int row = t.row * 4, column = t.column * 4;
    const float *residual = f->residual ? f->residual + t.example * f->residual_stride + plane : NULL;
    float *to = y + t.example * y_stride + plane;
    if (row + 4 > g->rows || column + 4 > g->columns)
      output_tile(1, finish, points, f, bias, residual, to, row, column, g->rows, g->columns);
    else if (finish)
      output_tile(0, 1, points, f, bias, residual, to, row, column, g->rows, g->columns);
    else
      output_tile(0, 0, points, f, bias, residual, to, row, column, g->rows, g->columns);
  }
}

static void winograd(struct rote_winograd g, int32_t examples, const float *x, int64_t x_stride, const float *u,
                     struct rote_finish finish, float *y, int64_t y_stride, float *scratch,
                     struct rote_ahead *ahead) {
  /* The registers hold T tiles of one block of outputs, or without broadcasts in the multiply-add half as many of
   * two, which share the load of an input. */
  const int T = ACCUMULATORS == 16 ? 16 : 4;
  const int64_t block = (int64_t)FORWARD_TILES * TILE, u_point = (int64_t)g.output_blocks * g.input_blocks * V * V;
  const int tiles = examples * tile_rows(&g) * tile_columns(&g);
  float *sums = scratch + g.input_blocks * block;
  struct tile from = {0};
  for (int first = 0; first < tiles; first += FORWARD_TILES) {
    const int count = tiles - first < FORWARD_TILES ? tiles - first : FORWARD_TILES;
    for (int i = 0; i < g.input_blocks; i++)
      input_tiles(&g, from, count, x + (int64_t)i * g.height * g.width * V, x_stride, scratch + i * block);
    for (int k = 0; k < POINTS; k++) {
      const float *filters = u + k * u_point;
      int o = 0;
      if (ACCUMULATORS < 16)
        for (; o + 2 <= g.output_blocks; o += 2) {
          look_ahead(ahead, 2 * AHEAD_LINES * g.input_blocks);
          for (int t = 0; t < count; t += T)
            product(T, 2, g.input_blocks, g.last_lanes, block, scratch + t * TILE + k * V,
                    filters + (int64_t)o * g.input_blocks * V * V, sums + o * block + t * TILE + k * V);
        }
      for (; o < g.output_blocks; o++) {
        look_ahead(ahead, AHEAD_LINES * g.input_blocks);
        for (int t = 0; t < count; t += T)
          product(T, 1, g.input_blocks, g.last_lanes, block, scratch + t * TILE + k * V,
                  filters + (int64_t)o * g.input_blocks * V * V, sums + o * block + t * TILE + k * V);
      }
    }
    for (int o = 0; o < g.output_blocks; o++)
      output_tiles(&g, from, count, o, sums + o * block, &finish, y, y_stride);
    for (int i = 0; i < count; i++) next_tile(&g, &from);
  }
}
