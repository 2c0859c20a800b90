/* Kernels on blocks of channels: stateless functions over pointers, compiled once per instruction set.
 *
 * Layout of one example: (channel block, row, column, lane), V lanes; channel c is lane c % V of block c / V.
 * Lanes past the last channel are zero, in values, gradients and weights alike, and every kernel keeps them so. All
 * pointers are aligned to a vector. Steps are counted in floats. */
#ifndef ROTE_KERNELS_H
#define ROTE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "closure.h"

enum rote_instruction_set { ROTE_PORTABLE, ROTE_AVX2, ROTE_AVX512 };
enum rote_activation { ROTE_RELU, ROTE_SIN, ROTE_SIGMOID, ROTE_LINEAR, ROTE_HARDSWISH, ROTE_HARDSIGMOID };

/* How a value is copied to a scratch with a border of zeros, its columns dealt into `phases` by column modulo `step`:
 * scratch (block, row, phase, column, lane) = value (block, row - top, column * step + phase - left, lane). */
struct rote_border {
  int32_t blocks, height, width;
  int32_t top, left;
  int32_t rows, phases, columns;
  int32_t step;
};

/* A sum over input blocks, taps and input lanes for each pixel of a grid of output pixels: convolution forward, its
 * gradient by the input, and dense layers, whose pixels are examples. A tap is an offset into x; neighbouring
 * columns of the grid are neighbouring vectors of x. */
struct rote_taps {
  int32_t rows, columns;
  int32_t input_blocks, output_blocks, taps;
  int32_t weight_taps; /* of the weights, which may have more than are used */
  int64_t w_block;     /* from the weights of one output block to those of the next, which may have more input blocks */
  int32_t last_lanes;  /* of the last input block, those that are channels */
  int64_t x_row, x_block;
  int64_t y_row, y_column, y_block;
};

/* Rows of pixels of an input and of an output's gradient that meet in one tap. */
struct rote_rows {
  int32_t rows, columns;
  int32_t input_blocks, output_blocks;
  int32_t last_lanes; /* of the last input block, those that are channels */
  int64_t x_block, y_block;
  int64_t w_step; /* from the weights of one pair of blocks to those of the next */
};

/* A 3x3 convolution of stride 1, from (input_blocks, height, width, V) to (output_blocks, rows, columns, V). */
struct rote_winograd {
  int32_t input_blocks, output_blocks;
  int32_t last_lanes; /* of the last input block, those that are channels */
  int32_t height, width;
  int32_t rows, columns;
  int32_t padding;
};

/* A convolution of stride 1 that keeps height and width: kernel = 2 padding + 1. */
struct rote_pixels {
  int32_t input_blocks, output_blocks;
  int32_t height, width;
  int32_t kernel, padding;
};

/* Floats of all products of an image's pixels, `row` a pixel, and four pixels at a time. */
#define ROTE_PIXEL_PRODUCTS(pixels, row) (((pixels) + 3) / 4 * 4 * (row))

/* Tiles of 4x4 outputs that are worked on at a time. */
#define ROTE_WINOGRAD_TILES 16
#define ROTE_WINOGRAD_GRADIENT_TILES 32

#define ROTE_JOINT_COLUMNS 128 /* of a panel of flags, on a 64-byte boundary */

/* Memory that will be wanted soon. Kernels that are long at work within the cache ask for some of it along the way. */
#define ROTE_AHEAD_RANGES 12
struct rote_ahead {
  int32_t count, current;
  struct {
    const char *_Nullable from, *_Nullable to;
  } range[ROTE_AHEAD_RANGES];
};

/* Adds a range to the list, or does nothing where it is full. */
void rote_ahead_add(struct rote_ahead *_Nonnull ahead, const float *_Nonnull from, int64_t count);

/* What is done to a convolution's results on their way to memory: y = relu([y] + result + bias + residual). */
struct rote_finish {
  const float *_Nullable bias;     /* (output block, lane) */
  const float *_Nullable residual; /* laid out as y */
  int64_t residual_stride;         /* from one example to the next */
  int32_t accumulate;
  int32_t relu;
};

struct rote_sgd {
  float learning_rate, momentum, weight_decay;
  int32_t nesterov;
};

/* A step of the optimiser that takes a gradient over as soon as it is there; the pointers are to where dw begins. */
struct rote_update {
  struct rote_sgd step;
  float *_Nonnull momentum, *_Nonnull weight;
};

struct rote_shortcut {
  int32_t channels, height, width; /* of the input */
  int32_t stride, channels_before;
  int32_t output_blocks;
};

/* Square windows; the output has (height + 2 padding - kernel) / stride + 1 rows, rounded down, and columns alike. */
struct rote_pooling {
  int32_t blocks, height, width; /* of the input */
  int32_t kernel, stride, padding;
};

struct rote_kernels {
  int32_t lanes;

  void (*_Nonnull border)(struct rote_border g, const float *_Nonnull x, float *_Nonnull scratch);

  /* y(o, pixel) = [y or bias(o)] + sum over i, tap, lane of x(i, pixel + tap, lane) w(o, i, order[tap], lane, :); taps
   * are those of the weights in turn where there is no order. */
  void (*_Nonnull taps)(struct rote_taps g, const int32_t *_Nonnull offsets, const int32_t *_Nullable order,
                        const float *_Nonnull x, const float *_Nonnull w, const float *_Nullable bias,
                        int32_t accumulate, float *_Nonnull y);
  /* dw(o, i, tap, lane, :) = [dw] + sum over pixels of x(i, pixel + tap, lane) dy(o, pixel, :); with an update, dw is
   * not written, but taken into account by the optimiser. */
  void (*_Nonnull taps_gradient)(struct rote_taps g, const int32_t *_Nonnull offsets, const float *_Nonnull x,
                                 const float *_Nonnull dy, int32_t accumulate, float *_Nonnull dw,
                                 const struct rote_update *_Nullable update);
  /* The same for one tap, whose pixels are rows from x + x_rows[r] and dy + y_rows[r] on. */
  void (*_Nonnull rows_gradient)(struct rote_rows g, const int64_t *_Nonnull x_rows, const int64_t *_Nonnull y_rows,
                                 const float *_Nonnull x, const float *_Nonnull dy, int32_t accumulate,
                                 float *_Nonnull dw, const struct rote_update *_Nullable update);
  /* wt(i, o, t, lane of o, lane of i) = w(o, i, order[t], lane of i, lane of o); w has `taps` taps, wt `count`. */
  void (*_Nonnull transpose)(int32_t output_blocks, int32_t input_blocks, int32_t taps,
                             const int32_t *_Nonnull order, int32_t count, const float *_Nonnull w,
                             float *_Nonnull wt);
  /* y(o, :) = x(o, :) factor(o), for `rows` vectors an output block: weights with a batch-norm folded in. */
  void (*_Nonnull scale)(int32_t output_blocks, int32_t rows, const float *_Nonnull x, const float *_Nonnull factor,
                         float *_Nonnull y);

  /* y(block, example, :) = x(example, block, :): examples become neighbouring pixels; those that are missing up to
   * `room` are zero. */
  void (*_Nonnull gather)(int32_t blocks, int32_t examples, int32_t room, const float *_Nonnull x, int64_t x_stride,
                          int64_t y_stride, float *_Nonnull y);

  /* Winograd's F(4x4, 3x3), over consecutive examples x_stride and y_stride floats apart; weights (o, i, tap, lane
   * of i, lane of o) as for `taps`. Transformed filters u and sums are (36, o, i, lane of i, lane of o). */
  void (*_Nonnull winograd_filter)(int32_t output_blocks, int32_t input_blocks, const float *_Nonnull w,
                                   float *_Nonnull u);
  void (*_Nonnull winograd)(struct rote_winograd g, int32_t examples, const float *_Nonnull x, int64_t x_stride,
                            const float *_Nonnull u, struct rote_finish finish, float *_Nonnull y, int64_t y_stride,
                            float *_Nonnull scratch, struct rote_ahead *_Nonnull ahead);
  /* sums = [sums] + the transformed gradient by the filters; winograd_filter_gradient makes dw of them. */
  void (*_Nonnull winograd_gradient)(struct rote_winograd g, int32_t examples, const float *_Nonnull x,
                                     int64_t x_stride, const float *_Nonnull dy, int64_t dy_stride,
                                     int32_t accumulate, float *_Nonnull sums, float *_Nonnull scratch,
                                     struct rote_ahead *_Nonnull ahead);
  void (*_Nonnull winograd_filter_gradient)(int32_t output_blocks, int32_t input_blocks, const float *_Nonnull sums,
                                            float *_Nonnull dw);

  /* Over one block of channels, each lane with its own weights (tap, lane):
   * y(pixel) = [y] + sum over taps of x(pixel + tap) w(tap). */
  void (*_Nonnull depthwise)(struct rote_taps g, const int32_t *_Nonnull offsets, const float *_Nonnull x,
                             const float *_Nonnull w, int32_t accumulate, float *_Nonnull y);
  /* dw(tap) = [dw] + sum over pixels of x(pixel + tap) dy(pixel). */
  void (*_Nonnull depthwise_gradient)(struct rote_taps g, const int32_t *_Nonnull offsets, const float *_Nonnull x,
                                      const float *_Nonnull dy, int32_t accumulate, float *_Nonnull dw);

  /* Batch-norm. Statistics are (block, lane); `merged` is how many pixels they cover already. */
  void (*_Nonnull moments)(int32_t blocks, int32_t pixels, int32_t merged, const float *_Nonnull x,
                           float *_Nonnull mean, float *_Nonnull m2);
  void (*_Nonnull merge_moments)(int32_t blocks, float n, float *_Nonnull mean, float *_Nonnull m2, float more,
                                 const float *_Nonnull more_mean, const float *_Nonnull more_m2);
  /* y = activation((x - mean) inverse weight + bias + residual), with the residual where it is given. */
  void (*_Nonnull normalise)(int32_t blocks, int32_t pixels, const float *_Nonnull x, const float *_Nonnull mean,
                             const float *_Nonnull inverse, const float *_Nonnull weight, const float *_Nonnull bias,
                             const float *_Nullable residual, int32_t activation, float *_Nonnull y);
  /* dweight and dbias of one example, stored or added. Where an activation followed, dy is first multiplied by its
   * slope at the normalised x, or for a ReLU with y by whether y is positive. */
  void (*_Nonnull normalise_sums)(int32_t blocks, int32_t pixels, const float *_Nonnull x,
                                  const float *_Nonnull mean, const float *_Nonnull inverse,
                                  const float *_Nonnull weight, const float *_Nonnull bias, int32_t activation,
                                  const float *_Nullable y, float *_Nonnull dy, int32_t accumulate,
                                  float *_Nonnull dweight, float *_Nonnull dbias);
  /* `share` is 1 / (pixels of the batch), or 0 where the statistics were constants. */
  void (*_Nonnull normalise_gradient)(int32_t blocks, int32_t pixels, const float *_Nonnull x,
                                      const float *_Nonnull dy, const float *_Nonnull mean,
                                      const float *_Nonnull inverse, const float *_Nonnull weight,
                                      const float *_Nonnull dweight, const float *_Nonnull dbias, float share,
                                      int32_t accumulate, float *_Nonnull dx);

  /* Elementwise, over one example of `channels` channels. */
  void (*_Nonnull activate)(int32_t activation, int32_t channels, int32_t pixels, const float *_Nonnull x,
                            float *_Nonnull y);
  /* x and y are the activation's argument and result. */
  void (*_Nonnull activate_gradient)(int32_t activation, int32_t channels, int32_t pixels, const float *_Nonnull x,
                                     const float *_Nonnull y, const float *_Nonnull dy, int32_t accumulate,
                                     float *_Nonnull dx);
  void (*_Nonnull add)(int64_t count, const float *_Nonnull a, const float *_Nonnull b, float *_Nonnull y);

  /* y = x gate, the gate a number a channel; and its gradients. */
  void (*_Nonnull multiply)(int32_t blocks, int32_t pixels, const float *_Nonnull x, const float *_Nonnull gate,
                            float *_Nonnull y);
  void (*_Nonnull multiply_gradient)(int32_t blocks, int32_t pixels, const float *_Nonnull gate,
                                     const float *_Nonnull dy, int32_t accumulate, float *_Nonnull dx);
  void (*_Nonnull gate_gradient)(int32_t blocks, int32_t pixels, const float *_Nonnull x, const float *_Nonnull dy,
                                 int32_t accumulate, float *_Nonnull dgate);
  /* sum(block, :) = [sum] + the sum over pixels: the gradient by a bias. */
  void (*_Nonnull channel_sums)(int32_t blocks, int32_t pixels, const float *_Nonnull x, int32_t accumulate,
                                float *_Nonnull sum);
  /* Over `count` floats, a multiple of V, in double and in an order that depends on `count` alone. */
  double (*_Nonnull sum_of_squares)(int64_t count, const float *_Nonnull x);
  /* The sum of (x - y)^2, alike. */
  double (*_Nonnull squared_distance)(int64_t count, const float *_Nonnull x, const float *_Nonnull y);
  /* out(i, j) = <a_i, b_j> of four vectors each, of `count` floats, a multiple of V. */
  void (*_Nonnull products)(int64_t count, const float *_Nonnull const *_Nonnull a,
                            const float *_Nonnull const *_Nonnull b, double *_Nonnull out);
  /* The squared norm of an example's gradient by a convolution's weights; rote_pixel_scratch floats to work in. */
  double (*_Nonnull pixel_norm)(struct rote_pixels g, const float *_Nonnull x, const float *_Nonnull dy,
                                float *_Nonnull scratch);
  /* The places, in ascending order, where half - product - norm share <= limit, and how many there are; NaN is below
   * nothing. `count` is a multiple of V. */
  int32_t (*_Nonnull below)(int32_t count, const float *_Nonnull products, const float *_Nonnull halves,
                            const float *_Nonnull norms, float share, float limit, int32_t *_Nonnull places);

  void (*_Nonnull average)(int32_t blocks, int32_t pixels, const float *_Nonnull x, float *_Nonnull y);
  void (*_Nonnull average_gradient)(int32_t blocks, int32_t pixels, const float *_Nonnull dy, int32_t accumulate,
                                    float *_Nonnull dx);
  /* The greatest of each window, and which it was: row * kernel + column within the window, the first of several; NaN
   * wins. A kernel of at most 16, a padding of at most half the kernel. */
  void (*_Nonnull max_pool)(struct rote_pooling g, const float *_Nonnull x, float *_Nonnull y,
                            uint8_t *_Nonnull winner);
  void (*_Nonnull max_pool_gradient)(struct rote_pooling g, const float *_Nonnull dy, const uint8_t *_Nonnull winner,
                                     int32_t accumulate, float *_Nonnull dx);
  /* The mean of each window; without padding. */
  void (*_Nonnull average_pool)(struct rote_pooling g, const float *_Nonnull x, float *_Nonnull y);
  void (*_Nonnull average_pool_gradient)(struct rote_pooling g, const float *_Nonnull dy, int32_t accumulate,
                                         float *_Nonnull dx);
  void (*_Nonnull shortcut)(struct rote_shortcut g, const float *_Nonnull x, float *_Nonnull y);
  void (*_Nonnull shortcut_gradient)(struct rote_shortcut g, const float *_Nonnull dy, int32_t accumulate,
                                     float *_Nonnull dx);

  /* One step of torch.optim.SGD over `count` floats, a multiple of V. */
  void (*_Nonnull sgd)(struct rote_sgd step, int64_t count, const float *_Nonnull gradient, float *_Nonnull momentum,
                       float *_Nonnull weight);

  /* Over `count` floats, a multiple of V: right to 2 ulp; sine and cosine for arguments of up to 10000. */
  void (*_Nonnull sin)(int64_t count, const float *_Nonnull x, float *_Nonnull y);
  void (*_Nonnull cos)(int64_t count, const float *_Nonnull x, float *_Nonnull y);
  void (*_Nonnull exp)(int64_t count, const float *_Nonnull x, float *_Nonnull y);
  void (*_Nonnull log)(int64_t count, const float *_Nonnull x, float *_Nonnull y);

  /* Of each row of logits z, (row, class): the label's less the largest other one, and less the logarithm of the sum of
   * the others' exponentials, which is the logarithm of p / (1 - p), p the label's softmax probability. NaN where the
   * others are not all finite or -infinity, or there are none. */
  void (*_Nonnull label_logits)(int64_t rows, int32_t classes, const float *_Nonnull z, const int32_t *_Nonnull label,
                                float *_Nonnull margin, float *_Nonnull log_odds);

  /* counts(row, column) = the runs in which both have their flag. Flags are four runs a byte, below 16: of a the bytes
   * (row, group of runs), of a panel b (group of runs, column). At most 65,535 runs. */
  void (*_Nonnull joint_counts)(int32_t groups, int32_t rows, const uint8_t *_Nonnull a, int64_t a_stride,
                                const uint8_t *_Nonnull b, uint16_t *_Nonnull counts);
  /* Of a panel's columns, how many have counts of at least their limit. */
  int32_t (*_Nonnull joint_reach)(const uint16_t *_Nonnull counts, const uint16_t *_Nonnull limits);
  /* How many may have counts / inside - (successes - counts) / (draws - inside) >= threshold: all that do, and few that
   * do not. */
  int32_t (*_Nonnull joint_may_reach)(const uint16_t *_Nonnull counts, const uint16_t *_Nonnull inside,
                                      const float *_Nonnull successes, const float *_Nonnull draws, float threshold);
};

static inline int64_t rote_pixel_scratch(struct rote_pixels g, int32_t lanes) {
  const int64_t pixels = (int64_t)g.height * g.width, row = (pixels + lanes - 1) / lanes * lanes;
  const int64_t blocks = g.input_blocks > g.output_blocks ? g.input_blocks : g.output_blocks;
  const int64_t reach = ((int64_t)g.padding * (g.width + 1) + lanes - 1) / lanes * lanes;
  const int64_t taps = (int64_t)g.kernel * g.kernel;
  return blocks * lanes * row + 2 * (ROTE_PIXEL_PRODUCTS(pixels, row) + reach) + lanes + (taps + 1) * (row + lanes);
}

/* NULL where this machine or this build lacks the instruction set. */
const struct rote_kernels *_Nullable rote_kernels_for(int32_t instruction_set);

#define ROTE_MOST_CHANNELS 64 /* of an image */

/* Where an image goes: moved by (dy, dx) pixels of a border of raw zeros, then perhaps mirrored. */
struct rote_preparation {
  int32_t height, width, channels;
  int32_t pixel_stride; /* floats a pixel in the result */
  int32_t dy, dx;       /* row r of the result is row r + dy of the image */
  int32_t flip;
};

/* (y, x, channel) bytes to (y, x, pixel_stride) floats: (byte - mean[channel]) * inverse[channel], lanes past the
 * channels left alone. The same bits on every machine. */
void rote_prepare(struct rote_preparation g, const uint8_t *_Nonnull image, const float *_Nonnull mean,
                  const float *_Nonnull inverse, float *_Nonnull y);

#endif
