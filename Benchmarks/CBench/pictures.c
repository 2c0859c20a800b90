#include "CBench.h"

#include <stdint.h>
#include <turbojpeg.h>

// As little around libjpeg-turbo as there can be: header, decode, next.
int bench_decode(
  const unsigned char *bytes, const size_t *starts, int first, int step, int count, unsigned char *pixels) {
  tjhandle handle = tjInitDecompress();
  int failed = handle ? 0 : count;
  for (int i = first; handle && i < count; i += step) {
    const unsigned char *file = bytes + starts[i];
    unsigned long size = starts[i + 1] - starts[i];
    int width, height, sampling, colours;
    if (tjDecompressHeader3(handle, file, size, &width, &height, &sampling, &colours) ||
        width * height > BENCH_PICTURE_BYTES / 3 ||
        tjDecompress2(handle, file, size, pixels, width, 0, height, TJPF_RGB, TJFLAG_ACCURATEDCT))
      failed++;
  }
  if (handle) tjDestroy(handle);
  return failed;
}
