/* Every stride-th pixel, its channels moved up by `channels_before`; all other channels zero (He et al. 2016, A). */

static void shortcut(struct rote_shortcut g, const float *x, float *y) {
  const int rows = (g.height + g.stride - 1) / g.stride, columns = (g.width + g.stride - 1) / g.stride;
  const int64_t plane = (int64_t)rows * columns * V;
  for (int64_t i = 0; i < g.output_blocks * plane; i += V) store(y + i, (vec){0});
  for (int c = 0; c < g.channels; c++) {
    const int to = c + g.channels_before;
    const float *from = x + (int64_t)(c / V) * g.height * g.width * V + c % V;
    float *target = y + to / V * plane + to % V;
    for (int r = 0; r < rows; r++)
      for (int q = 0; q < columns; q++, target += V)
        *target = from[((int64_t)r * g.stride * g.width + q * g.stride) * V];
  }
}

static void shortcut_gradient(struct rote_shortcut g, const float *dy, int32_t accumulate, float *dx) {
  const int rows = (g.height + g.stride - 1) / g.stride, columns = (g.width + g.stride - 1) / g.stride;
  if (!accumulate)
    for (int64_t i = 0; i < (int64_t)blocks_of(g.channels) * g.height * g.width * V; i += V) store(dx + i, (vec){0});
  for (int c = 0; c < g.channels; c++) {
    const int from = c + g.channels_before;
    const float *source = dy + (int64_t)(from / V) * rows * columns * V + from % V;
    float *to = dx + (int64_t)(c / V) * g.height * g.width * V + c % V;
    for (int r = 0; r < rows; r++)
      for (int q = 0; q < columns; q++, source += V)
        to[((int64_t)r * g.stride * g.width + q * g.stride) * V] += *source;
  }
}
