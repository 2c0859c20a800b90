/* torch.optim.SGD in one pass: g += decay w; m = momentum m + g; g = nesterov ? g + momentum m : m; w -= rate g. */

static void sgd(struct rote_sgd step, int64_t count, const float *gradient, float *momentum, float *weight) {
  for (int64_t i = 0; i < count; i += V) {
    const vec w = load(weight + i);
    const vec g = load(gradient + i) + w * step.weight_decay;
    const vec m = load(momentum + i) * step.momentum + g;
    const vec direction = step.nesterov ? g + m * step.momentum : m;
    store(momentum + i, m);
    store(weight + i, w - direction * step.learning_rate);
  }
}
