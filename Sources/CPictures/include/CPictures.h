// libpng for Swift: it reports errors by longjmp, which must not pass through Swift's frames.
#include <stddef.h>
#include <stdint.h>

struct rote_png_error { char text[128]; };

/// Decodes a PNG picture of the given size to 8-bit RGB, rows from the top without gaps.
///
/// The high byte of 16 bits is taken; alpha, transparent colours and gamma are left out; of an animation it is the
/// default picture. Of the chunks only those that this needs are read, but the checksums of all. `rgb` has room for
/// width x height x 3 bytes.
///
/// Returns 0, or -1 with a text: the picture is damaged or has another size.
int rote_png_decode(
  const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint8_t *rgb, struct rote_png_error *error);

/// The version of libpng, of the library that runs.
const char *rote_png_version(void);
