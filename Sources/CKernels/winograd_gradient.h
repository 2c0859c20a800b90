/* The gradient by the weights: tiles of the input and of the output's gradient, and 36 products. See winograd.h. */

static void gradient_tiles(const struct rote_winograd *g, struct tile t, int count, const float *dy,
                           int64_t dy_stride, float *points) {
  for (int i = 0; i < count; i++, points += TILE, next_tile(g, &t)) {
    const int row = t.row * 4, column = t.column * 4;
    const float *plane = dy + t.example * dy_stride;
    if (row + 4 <= g->rows && column + 4 <= g->columns)
      gradient_tile(0, plane, row, column, g->rows, g->columns, points);
    else
      gradient_tile(1, plane, row, column, g->rows, g->columns, points);
  }
}

/* sums(block o, lane of i, lane of o) = [sums] + sum over tiles of x(tile, lane of i) d(tile, o, lane of o) at one
 * point, for N lanes of i and O blocks, held in registers. Blocks are d_block and sums_block apart. */
INLINE void products_of_tiles(const int N, const int O, int count, const float *x, const float *d, int64_t d_block,
                              int32_t accumulate, float *sums, int64_t sums_block) {
  vec sum[O * N];
  UNROLL for (int o = 0; o < O; o++)
    UNROLL for (int lane = 0; lane < N; lane++)
      sum[o * N + lane] = accumulate ? load(sums + o * sums_block + lane * V) : (vec){0};
  _Pragma("clang loop unroll_count(4)") for (int t = 0; t < count; t++) {
    vec gradient[O];
    UNROLL for (int o = 0; o < O; o++) gradient[o] = load(d + o * d_block + t * TILE);
    UNROLL for (int lane = 0; lane < N; lane++) {
      const float value = x[t * TILE + lane];
      UNROLL for (int o = 0; o < O; o++) sum[o * N + lane] += gradient[o] * value;
    }
  }
  UNROLL for (int o = 0; o < O; o++)
    UNROLL for (int lane = 0; lane < N; lane++) store(sums + o * sums_block + lane * V, sum[o * N + lane]);
}

/* The same for all lanes of i. Without broadcasts in the multiply-add, two blocks share the load of a value. */
INLINE void products_of_blocks(const int O, int count, const float *x, const float *d, int64_t d_block,
                               int32_t accumulate, float *sums, int64_t sums_block) {
  const int N = ACCUMULATORS / O < V ? ACCUMULATORS / O : V;
  for (int lane = 0; lane < V; lane += N)
    products_of_tiles(N, O, count, x + lane, d, d_block, accumulate, sums + lane * V, sums_block);
}

static void winograd_gradient(struct rote_winograd g, int32_t examples, const float *x, int64_t x_stride,
                              const float *dy, int64_t dy_stride, int32_t accumulate, float *sums, float *scratch,
                              struct rote_ahead *ahead) {
  const int64_t block = (int64_t)GRADIENT_TILES * TILE;
  const int tiles = examples * tile_rows(&g) * tile_columns(&g);
  float *gradients = scratch + g.input_blocks * block;
  struct tile from = {0};
  for (int first = 0; first < tiles; first += GRADIENT_TILES) {
    const int count = tiles - first < GRADIENT_TILES ? tiles - first : GRADIENT_TILES;
    for (int i = 0; i < g.input_blocks; i++)
      input_tiles(&g, from, count, x + (int64_t)i * g.height * g.width * V, x_stride, scratch + i * block);
    for (int o = 0; o < g.output_blocks; o++)
      gradient_tiles(&g, from, count, dy + (int64_t)o * g.rows * g.columns * V, dy_stride, gradients + o * block);
    const int pairs = ACCUMULATORS < 16 ? g.output_blocks / 2 * 2 : 0;
    const int64_t row = (int64_t)g.input_blocks * V * V;
    for (int k = 0; k < POINTS; k++)
      for (int o = 0; o < g.output_blocks; o += o < pairs ? 2 : 1)
        for (int i = 0; i < g.input_blocks; i++) {
          const float *x_tiles = scratch + i * block + k * V, *d_tiles = gradients + o * block + k * V;
          float *to = sums + ((int64_t)k * g.output_blocks + o) * row + i * V * V;
          look_ahead(ahead, 2 * AHEAD_LINES);
          if (o < pairs)
            products_of_blocks(2, count, x_tiles, d_tiles, block, accumulate || first, to, row);
          else
            products_of_blocks(1, count, x_tiles, d_tiles, block, accumulate || first, to, row);
        }
    for (int i = 0; i < count; i++) next_tile(&g, &from);
  }
}

/* dw(o, i, tap, lane of i, lane of o) = Gt sums G. */
static void winograd_filter_gradient(int32_t output_blocks, int32_t input_blocks, const float *sums, float *dw) {
  const int64_t step = (int64_t)output_blocks * input_blocks * V * V;
  for (int64_t b = 0; b < output_blocks * input_blocks; b++, dw += 9 * V * V, sums += V * V)
    for (int lane = 0; lane < V; lane++) {
      vec z[3][6];
      UNROLL for (int j = 0; j < 6; j++) {
        vec m[6], r[3];
        UNROLL for (int i = 0; i < 6; i++) m[i] = load(sums + (i * 6 + j) * step + lane * V);
        transform_filter_gradient(m, r);
        UNROLL for (int i = 0; i < 3; i++) z[i][j] = r[i];
      }
      UNROLL for (int i = 0; i < 3; i++) {
        vec r[3];
        transform_filter_gradient(z[i], r);
        UNROLL for (int j = 0; j < 3; j++) store(dw + ((i * 3 + j) * V + lane) * V, r[j]);
      }
    }
}
