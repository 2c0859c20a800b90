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
