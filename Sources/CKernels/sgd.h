/* torch.optim.SGD in one pass: g += decay w; m = momentum m + g; g = nesterov ? g + momentum m : m; w -= rate g. */

INLINE void sgd_step(struct rote_sgd step, vec gradient, float *momentum, float *weight) {
  const vec w = load(weight);
  const vec g = gradient + w * step.weight_decay;
  const vec m = load(momentum) * step.momentum + g;
  const vec direction = step.nesterov ? g + m * step.momentum : m;
  store(momentum, m);
  store(weight, w - direction * step.learning_rate);
}

static void sgd(struct rote_sgd step, int64_t count, const float *gradient, float *momentum, float *weight) {
  for (int64_t i = 0; i < count; i += V) sgd_step(step, load(gradient + i), momentum + i, weight + i);
}
