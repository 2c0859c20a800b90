/* Winograd's F(4x4, 3x3): a 3x3 convolution of stride 1 in 36 multiplications a tile of 4x4 outputs instead of 144.
 *
 * A row of four outputs y of a filter g over six inputs d is a product of polynomials, which is fixed by its values
 * at the points 0, 1, -1, 2, -2 and infinity (Toom and Cook; Lavin and Gray 2016, arXiv 1509.09308):
 *
 *   y = At [(G g) * (Bt d)],   * element by element,
 *
 *        1  1  1  1  1  0            1/4     0     0             4  0 -5  0  1  0
 *   At = 0  1 -1  2 -2  0          -1/6  -1/6  -1/6              0 -4 -4  1  1  0
 *        0  1  1  4  4  0     G =  -1/6   1/6  -1/6        Bt =  0  4 -4 -1  1  0
 *        0  1 -1  8 -8  1          1/24  1/12   1/6              0 -2 -1  2  1  0
 *                                  1/24 -1/12   1/6              0  2 -1 -2  1  0
 *                                     0     0     1              0  4  0 -5  0  1
 *
 * G g holds the filter's values at the points, over what Lagrange's interpolation divides by; the columns of A are
 * the powers of the points. In two dimensions rows and columns are transformed one after the other,
 * y = At [(G g Gt) * (Bt d B)] A, and sums over input channels are taken between the transforms: 36 products of
 * matrices. y is linear in g, and so the gradient by g is the adjoint, Gt [(A dy At) * (Bt d B)] G, where the sum
 * over all tiles is taken between the transforms. The gradient by the input is the convolution of dy with the
 * filters turned around. */

/* 36 vectors of a tile lie together; a block of `tiles` tiles is followed by the next block of channels. */
#define POINTS 36
#define TILE (POINTS * V)
/* Tiles of one product, a multiple of the tiles that the registers hold. */
#define FORWARD_TILES ROTE_WINOGRAD_TILES
#define GRADIENT_TILES ROTE_WINOGRAD_GRADIENT_TILES
/* Lines asked for ahead during the product of one block of inputs, one of outputs and FORWARD_TILES tiles. */
#define AHEAD_LINES (V * V / 16)

/* Bt d */
INLINE void transform_input(const vec d[6], vec r[6]) {
  const vec a = d[4] - d[2] * 4.0f, b = d[3] - d[1] * 4.0f, c = d[4] - d[2], e = (d[3] - d[1]) * 2.0f;
  r[0] = d[0] * 4.0f + (d[4] - d[2] * 5.0f);
  r[1] = a + b;
  r[2] = a - b;
  r[3] = c + e;
  r[4] = c - e;
  r[5] = d[1] * 4.0f + (d[5] - d[3] * 5.0f);
}

/* At m */
INLINE void transform_output(const vec m[6], vec r[4]) {
  const vec a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
  r[0] = (m[0] + a) + c;
  r[1] = b + d * 2.0f;
  r[2] = a + c * 4.0f;
  r[3] = (b + d * 8.0f) + m[5];
}

/* A d */
INLINE void transform_gradient(const vec d[4], vec r[6]) {
  const vec a = d[0] + d[2], b = d[1] + d[3], c = d[0] + d[2] * 4.0f, e = d[1] * 2.0f + d[3] * 8.0f;
  r[0] = d[0];
  r[1] = a + b;
  r[2] = a - b;
  r[3] = c + e;
  r[4] = c - e;
  r[5] = d[3];
}

/* G g */
INLINE void transform_filter(const vec g[3], vec r[6]) {
  const vec a = (g[0] + g[2]) * (-1.0f / 6), b = g[1] * (1.0f / 6);
  const vec c = g[0] * (1.0f / 24) + g[2] * (1.0f / 6), d = g[1] * (1.0f / 12);
  r[0] = g[0] * 0.25f;
  r[1] = a - b;
  r[2] = a + b;
  r[3] = c + d;
  r[4] = c - d;
  r[5] = g[2];
}

/* Gt m */
INLINE void transform_filter_gradient(const vec m[6], vec r[3]) {
  const vec a = m[1] + m[2], b = m[2] - m[1], c = m[3] + m[4], d = m[3] - m[4];
  r[0] = m[0] * 0.25f - a * (1.0f / 6) + c * (1.0f / 24);
  r[1] = b * (1.0f / 6) + d * (1.0f / 12);
  r[2] = (c - a) * (1.0f / 6) + m[5];
}

/* A place among the tiles of several examples. */
struct tile {
  int example, row, column;
};

INLINE int tile_rows(const struct rote_winograd *g) { return (g->rows + 3) / 4; }
INLINE int tile_columns(const struct rote_winograd *g) { return (g->columns + 3) / 4; }

INLINE void next_tile(const struct rote_winograd *g, struct tile *t) {
  if (++t->column < tile_columns(g)) return;
  t->column = 0;
  if (++t->row < tile_rows(g)) return;
  t->row = 0;
  t->example++;
}

/* A pixel of a plane, zero outside of it. */
INLINE vec pixel(const int edge, const float *plane, int row, int column, int rows, int columns) {
  if (edge && (row < 0 || row >= rows || column < 0 || column >= columns)) return (vec){0};
  return load(plane + ((int64_t)row * columns + column) * V);
}

/* Bt d B of the 6x6 pixels from (row, column) on. */
INLINE void input_tile(const int edge, const float *x, int row, int column, int rows, int columns, float *points) {
  vec z[6][6];
  UNROLL for (int j = 0; j < 6; j++) {
    vec d[6], r[6];
    UNROLL for (int i = 0; i < 6; i++) d[i] = pixel(edge, x, row + i, column + j, rows, columns);
    transform_input(d, r);
    UNROLL for (int i = 0; i < 6; i++) z[i][j] = r[i];
  }
  UNROLL for (int i = 0; i < 6; i++) {
    vec r[6];
    transform_input(z[i], r);
    UNROLL for (int j = 0; j < 6; j++) store(points + (i * 6 + j) * V, r[j]);
  }
}

/* A dy At of the 4x4 pixels from (row, column) on. */
INLINE void gradient_tile(const int edge, const float *dy, int row, int column, int rows, int columns,
                          float *points) {
  vec z[6][4];
  UNROLL for (int j = 0; j < 4; j++) {
    vec d[4], r[6];
    UNROLL for (int i = 0; i < 4; i++) d[i] = pixel(edge, dy, row + i, column + j, rows, columns);
    transform_gradient(d, r);
    UNROLL for (int i = 0; i < 6; i++) z[i][j] = r[i];
  }
  UNROLL for (int i = 0; i < 6; i++) {
    vec r[6];
    transform_gradient(z[i], r);
    UNROLL for (int j = 0; j < 6; j++) store(points + (i * 6 + j) * V, r[j]);
  }
}

/* The transformed input tiles of one block of channels, from tile `t` on. */
static void input_tiles(const struct rote_winograd *g, struct tile t, int count, const float *x, int64_t x_stride,
                        float *points) {
  for (int i = 0; i < count; i++, points += TILE, next_tile(g, &t)) {
    const int row = t.row * 4 - g->padding, column = t.column * 4 - g->padding;
    const float *plane = x + t.example * x_stride;
    if (row >= 0 && column >= 0 && row + 6 <= g->height && column + 6 <= g->width)
      input_tile(0, plane, row, column, g->height, g->width, points);
    else
      input_tile(1, plane, row, column, g->height, g->width, points);
  }
}

/* u(point, o, i, lane of i, lane of o) = G g Gt. */
static void winograd_filter(int32_t output_blocks, int32_t input_blocks, const float *w, float *u) {
  const int64_t step = (int64_t)output_blocks * input_blocks * V * V;
  for (int64_t b = 0; b < output_blocks * input_blocks; b++, w += 9 * V * V, u += V * V)
    for (int lane = 0; lane < V; lane++) {
      vec z[6][3];
      UNROLL for (int j = 0; j < 3; j++) {
        vec g[3], r[6];
        UNROLL for (int i = 0; i < 3; i++) g[i] = load(w + ((i * 3 + j) * V + lane) * V);
        transform_filter(g, r);
        UNROLL for (int i = 0; i < 6; i++) z[i][j] = r[i];
      }
      UNROLL for (int i = 0; i < 6; i++) {
        vec r[6];
        transform_filter(z[i], r);
        UNROLL for (int j = 0; j < 6; j++) store(u + (i * 6 + j) * step + lane * V, r[j]);
      }
    }
}
