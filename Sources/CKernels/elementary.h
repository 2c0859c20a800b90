/* Sine, cosine, exponential and logarithm, our own, so that their bits depend on the kernel alone. An error is the
 * largest over all floats of the range, with and without fused multiply-add. */

/* sin(x + quarters pi / 2): x = k pi / 2 + r, |r| <= pi / 4, and k + quarters says which of sin r, cos r,
 * -sin r and -cos r it is. Of the four parts of pi / 2 all but the last have at most 11 bits, so that their products
 * with k are exact for |x| <= 10000 (Cody and Waite 1980), and the only rounding that matters, b - c, is made good.
 * The polynomials are those of Cephes' sinf and cosf. */
INLINE vec circular(vec x, int32_t quarters) {
  const vec rounded = x * 0.636619772367581343076f + ROUNDER;
  const ivec quadrant = (ivec)rounded + quarters;
  const vec k = rounded - ROUNDER;
  const vec b = (x - k * 0x1.92p+0f) - k * 0x1.fb4p-12f;
  const vec c = k * 0x1.444p-24f;
  const vec rounded_r = b - c;
  const vec rest = (b - rounded_r) - c;
  const vec r = rounded_r + (rest - k * 0x1.68c234p-39f);
  const vec s = r * r;
  vec p = s * -1.9515295891e-4f + 8.3321608736e-3f;
  p = p * s - 1.6666654611e-1f;
  vec q = s * 2.443315711809948e-5f - 1.388731625493765e-3f;
  q = q * s + 4.166664568298827e-2f;
  const vec sine = r + (r * s) * p;
  const vec cosine = 1.0f - (0.5f * s - (s * s) * q);
  const vec either = blend(-(quadrant & 1), cosine, sine);
  return (vec)((ivec)either ^ ((quadrant & 2) << 30));
}

/* For |x| <= 10000, to 1.56 ulp; beyond, digits are lost. NaN at infinity. */
INLINE vec sine(vec x) { return circular(x, 0); }
INLINE vec cosine(vec x) { return circular(x, 1); }

/* e^r, x = n ln 2 + r and |r| <= ln 2 / 2, for |x| <= 104; a NaN stays one. Polynomial: Cephes' expf. */
INLINE vec exponential_of_rest(vec x, ivec *n) {
  const vec rounded = x * 1.44269504088896341f + ROUNDER;
  const vec whole = rounded - ROUNDER;
  vec r = x - whole * 0.693359375f;
  r = r + whole * 2.12194440e-4f;
  vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  *n = (ivec)rounded - (ivec)splat(ROUNDER);
  return p * (r * r) + r + 1.0f;
}

/* e^x = 2^n e^r for all x: 2^n in two factors, so that results below 2^-126 lose digits gradually and those from 2^128
 * on are infinite. 1.02 ulp. */
INLINE vec exponential(vec x) {
  x = blend(x > 89.0f, splat(89.0f), x);
  x = blend(x < -104.0f, splat(-104.0f), x);
  ivec n;
  const vec p = exponential_of_rest(x, &n);
  const ivec half = n >> 1;
  return p * (vec)((half + 127) << 23) * (vec)((n - half + 127) << 23);
}

/* e^x for x <= 0, to be added to 1 or more: e^-87, less than 2^-125, stands for all that is smaller. */
INLINE vec exponential_of_negative(vec x) {
  ivec n;
  const vec p = exponential_of_rest(blend(x < -87.0f, splat(-87.0f), x), &n);
  return p * (vec)((n + 127) << 23);
}

/* ln x = e ln 2 + ln(1 + f), x = 2^e (1 + f), 1 + f within [1/sqrt 2, sqrt 2), for all x: -infinity at 0, NaN below.
 * 0.84 ulp. Polynomial: Cephes' logf. */
INLINE vec logarithm(vec x) {
  const ivec subnormal = x < 0x1p-126f;
  const ivec bits = (ivec)blend(subnormal, x * 0x1p23f, x);
  /* The exponent by which 1 + f is below sqrt 2, whose bits are 0x3fb504f3. */
  const ivec exponent = (bits - 0x3f3504f3) >> 23;
  const vec f = (vec)(bits - (exponent << 23)) - 1.0f;
  const vec e = __builtin_convertvector(exponent - (subnormal & 23), vec);
  const vec s = f * f;
  vec p = f * 7.0376836292e-2f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  const vec small = (f * s) * p - e * 2.12194440e-4f - 0.5f * s;
  vec y = (f + small) + e * 0.693359375f;
  y = blend(x == 0.0f, splat(-__builtin_inff()), y);
  y = blend(x < 0.0f, splat(__builtin_nanf("")), y);
  /* Infinity and NaN are their own logarithms. */
  return blend((x < __builtin_inff()) | (x == 0.0f), y, x);
}

#define ELEMENTARY(name, function) \
  static void name(int64_t count, const float *x, float *y) { \
    for (int64_t i = 0; i < count; i += V) store(y + i, function(load(x + i))); \
  }
ELEMENTARY(sines, sine)
ELEMENTARY(cosines, cosine)
ELEMENTARY(exponentials, exponential)
ELEMENTARY(logarithms, logarithm)
#undef ELEMENTARY
