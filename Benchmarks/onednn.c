/* The rates of oneDNN's float32 3x3 convolutions, each tensor in the layout that oneDNN likes best.
 *
 *   cc -O2 onednn.c -o onednn -ldnnl && OMP_NUM_THREADS=2 ./onednn BATCH INPUTS OUTPUTS SIZE STRIDE
 *
 * prints the GFLOP/s of the three passes as JSON, medians of 15. SIZE is the input's height and width; the padding is 1.
 * For oneDNN 2 and 3, whose functions differ in names. */
#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REPEATS = 15 };

#define CHECK(call)                                                        \
  do {                                                                     \
    if ((call) != dnnl_success) {                                          \
      fprintf(stderr, "onednn: line %d: " #call " failed\n", __LINE__);    \
      exit(1);                                                             \
    }                                                                      \
  } while (0)

struct shape {
  dnnl_dims_t input, weights, output, strides, dilations, padding;
};

enum pass { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS };

#if DNNL_VERSION_MAJOR >= 3

typedef const_dnnl_memory_desc_t layout;

static dnnl_memory_desc_t any_layout(const dnnl_dims_t dims) {
  dnnl_memory_desc_t desc;
  CHECK(dnnl_memory_desc_create_with_tag(&desc, 4, dims, dnnl_f32, dnnl_format_tag_any));
  return desc;
}

static dnnl_primitive_desc_t describe(dnnl_engine_t engine, const struct shape *s, enum pass pass,
                                      dnnl_primitive_desc_t forward) {
  const dnnl_memory_desc_t x = any_layout(s->input), w = any_layout(s->weights), y = any_layout(s->output);
  dnnl_primitive_desc_t desc = NULL;
  switch (pass) {
  case FORWARD:
    CHECK(dnnl_convolution_forward_primitive_desc_create(&desc, engine, dnnl_forward_training,
                                                         dnnl_convolution_direct, x, w, NULL, y, s->strides,
                                                         s->dilations, s->padding, s->padding, NULL));
    break;
  case BACKWARD_DATA:
    CHECK(dnnl_convolution_backward_data_primitive_desc_create(&desc, engine, dnnl_convolution_direct, x, w, y,
                                                               s->strides, s->dilations, s->padding, s->padding,
                                                               forward, NULL));
    break;
  case BACKWARD_WEIGHTS:
    CHECK(dnnl_convolution_backward_weights_primitive_desc_create(&desc, engine, dnnl_convolution_direct, x, w,
                                                                  NULL, y, s->strides, s->dilations, s->padding,
                                                                  s->padding, forward, NULL));
    break;
  }
  return desc;
}

#else

typedef const dnnl_memory_desc_t *layout;

static dnnl_memory_desc_t any_layout(const dnnl_dims_t dims) {
  dnnl_memory_desc_t desc;
  CHECK(dnnl_memory_desc_init_by_tag(&desc, 4, dims, dnnl_f32, dnnl_format_tag_any));
  return desc;
}

static dnnl_primitive_desc_t describe(dnnl_engine_t engine, const struct shape *s, enum pass pass,
                                      dnnl_primitive_desc_t forward) {
  const dnnl_memory_desc_t x = any_layout(s->input), w = any_layout(s->weights), y = any_layout(s->output);
  dnnl_convolution_desc_t operation;
  switch (pass) {
  case FORWARD:
    CHECK(dnnl_convolution_forward_desc_init(&operation, dnnl_forward_training, dnnl_convolution_direct, &x, &w,
                                             NULL, &y, s->strides, s->padding, s->padding));
    break;
  case BACKWARD_DATA:
    CHECK(dnnl_convolution_backward_data_desc_init(&operation, dnnl_convolution_direct, &x, &w, &y, s->strides,
                                                   s->padding, s->padding));
    break;
  case BACKWARD_WEIGHTS:
    CHECK(dnnl_convolution_backward_weights_desc_init(&operation, dnnl_convolution_direct, &x, &w, NULL, &y,
                                                      s->strides, s->padding, s->padding));
    break;
  }
  dnnl_primitive_desc_t desc = NULL;
  CHECK(dnnl_primitive_desc_create(&desc, &operation, NULL, engine, forward));
  return desc;
}

#endif

/* An argument in the layout that the primitive chose, filled with ordinary numbers. */
static dnnl_exec_arg_t argument(dnnl_engine_t engine, dnnl_primitive_desc_t desc, int index) {
  const layout chosen = dnnl_primitive_desc_query_md(desc, dnnl_query_exec_arg_md, index);
  dnnl_memory_t memory;
  CHECK(dnnl_memory_create(&memory, chosen, engine, DNNL_MEMORY_ALLOCATE));
  void *data;
  CHECK(dnnl_memory_get_data_handle(memory, &data));
  const size_t count = dnnl_memory_desc_get_size(chosen) / sizeof(float);
  for (size_t i = 0; i < count; i++) ((float *)data)[i] = (float)(i % 7) / 8;
  return (dnnl_exec_arg_t){index, memory};
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The median time of one execution, in seconds. */
static double measure(dnnl_engine_t engine, dnnl_stream_t stream, dnnl_primitive_desc_t desc, const int indices[3]) {
  dnnl_primitive_t primitive;
  CHECK(dnnl_primitive_create(&primitive, desc));
  dnnl_exec_arg_t arguments[3];
  for (int i = 0; i < 3; i++) arguments[i] = argument(engine, desc, indices[i]);
  double times[REPEATS];
  for (int i = -2; i < REPEATS; i++) {
    const double start = now();
    CHECK(dnnl_primitive_execute(primitive, stream, 3, arguments));
    CHECK(dnnl_stream_wait(stream));
    if (i >= 0) times[i] = now() - start;
  }
  qsort(times, REPEATS, sizeof *times, ascending);
  for (int i = 0; i < 3; i++) dnnl_memory_destroy(arguments[i].memory);
  dnnl_primitive_destroy(primitive);
  return times[REPEATS / 2];
}

int main(int count, char **words) {
  if (count != 6) {
    fprintf(stderr, "usage: onednn BATCH INPUTS OUTPUTS SIZE STRIDE\n");
    return 64;
  }
  const long n = atol(words[1]), inputs = atol(words[2]), outputs = atol(words[3]), size = atol(words[4]),
             stride = atol(words[5]), result = (size - 1) / stride + 1;
  const struct shape shape = {
      .input = {n, inputs, size, size},
      .weights = {outputs, inputs, 3, 3},
      .output = {n, outputs, result, result},
      .strides = {stride, stride},
      .dilations = {0, 0},
      .padding = {1, 1},
  };
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  CHECK(dnnl_engine_create(&engine, dnnl_cpu, 0));
  CHECK(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));

  static const char *const names[] = {"forward", "backward_data", "backward_weights"};
  static const int arguments[][3] = {
      {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
      {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST},
      {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST},
  };
  const double operations = 2.0 * 9 * (double)(n * inputs * outputs * result * result);
  dnnl_primitive_desc_t forward = describe(engine, &shape, FORWARD, NULL);
  for (int pass = FORWARD; pass <= BACKWARD_WEIGHTS; pass++) {
    dnnl_primitive_desc_t desc = pass == FORWARD ? forward : describe(engine, &shape, pass, forward);
    const double time = measure(engine, stream, desc, arguments[pass]);
    printf("%s\"%s\": %.2f", pass == FORWARD ? "{" : ", ", names[pass], operations / time / 1e9);
  }
  printf("}\n");
  return 0;
}
