/* Vectors of V floats, in the compiler's portable extension. */
typedef float vec __attribute__((vector_size(4 * V), may_alias));
typedef int32_t ivec __attribute__((vector_size(4 * V), may_alias));

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE vec load(const float *p) { return *(const vec *)p; }
INLINE void store(float *p, vec v) { *(vec *)p = v; }
INLINE vec splat(float s) { return (vec){0} + s; }
INLINE vec blend(ivec mask, vec yes, vec no) { return (vec)((mask & (ivec)yes) | (~mask & (ivec)no)); }
/* The nearest whole number, for |x| < 2^22; its parity is the sum's lowest bit. */
#define ROUNDER 12582912.0f

/* Store, or add to what is there. */
INLINE void put(float *p, vec v, int32_t accumulate) { store(p, accumulate ? load(p) + v : v); }

INLINE int blocks_of(int channels) { return (channels + V - 1) / V; }

/* Asks for some more lines of the memory that will be wanted soon, into the second-level cache. */
INLINE void look_ahead(struct rote_ahead *ahead, int lines) {
  if (ahead->current == ahead->count) return;
  const char *from = ahead->range[ahead->current].from, *to = ahead->range[ahead->current].to;
  for (int i = 0; i < lines && from < to; i++, from += 64) __builtin_prefetch(from, 0, 2);
  ahead->range[ahead->current].from = from;
  if (from >= to) ahead->current++;
}
