/* The sum of squares, in double: of floats they are exact, and only the sums round. */

typedef double dvec __attribute__((vector_size(8 * V)));

static double sum_of_squares(int64_t count, const float *x) {
  dvec sums[2] = {{0}};
  for (int64_t i = 0; i < count; i += V) {
    const dvec value = __builtin_convertvector(load(x + i), dvec);
    sums[i / V % 2] += value * value;
  }
  double sum = 0;
  for (int lane = 0; lane < V; lane++) sum += sums[0][lane] + sums[1][lane];
  return sum;
}

/* The same of the differences of two vectors. */
static double squared_distance(int64_t count, const float *x, const float *y) {
  dvec sums[2] = {{0}};
  for (int64_t i = 0; i < count; i += V) {
    const dvec value = __builtin_convertvector(load(x + i), dvec) - __builtin_convertvector(load(y + i), dvec);
    sums[i / V % 2] += value * value;
  }
  double sum = 0;
  for (int lane = 0; lane < V; lane++) sum += sums[0][lane] + sums[1][lane];
  return sum;
}

/* Most vectors hold no hit, so that one test for all lanes does. */
static int32_t below(int32_t count, const float *products, const float *halves, const float *norms, float share,
                     float limit, int32_t *places) {
  int32_t hits = 0;
  for (int32_t i = 0; i < count; i += V) {
    const ivec hit = (load(halves + i) - load(products + i)) - load(norms + i) * share <= splat(limit);
    if (!__builtin_reduce_or(hit)) continue;
    for (int lane = 0; lane < V; lane++)
      if (hit[lane]) places[hits++] = i + lane;
  }
  return hits;
}
