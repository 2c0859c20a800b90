/* The least that a program needs to read the logits of runs files: H5Dread of whole chunks, in order, nothing done with
 * them. What `score memorisation --of probability` is measured against.
 *
 *     cc -O2 Benchmarks/read_logits.c -o read_logits $(pkg-config --cflags --libs hdf5) && ./read_logits runs.h5... */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv) {
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  double bytes = 0;
  for (int i = 1; i < argc; i++) {
    const hid_t file = H5Fopen(argv[i], H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t logits = H5Dopen2(file, "/train/logit", H5P_DEFAULT);
    if (logits < 0) return 1;
    const hid_t space = H5Dget_space(logits), creation = H5Dget_create_plist(logits);
    hsize_t shape[3], chunk[3];
    H5Sget_simple_extent_dims(space, shape, NULL);
    H5Pget_chunk(creation, 3, chunk);
    float *room = malloc(chunk[1] * chunk[2] * sizeof *room);
    for (hsize_t run = 0; run < shape[0]; run++)
      for (hsize_t first = 0; first < shape[1]; first += chunk[1]) {
        const hsize_t offset[3] = {run, first, 0};
        const hsize_t count[3] = {1, first + chunk[1] < shape[1] ? chunk[1] : shape[1] - first, shape[2]};
        H5Sselect_hyperslab(space, H5S_SELECT_SET, offset, NULL, count, NULL);
        const hid_t memory = H5Screate_simple(3, count, NULL);
        if (H5Dread(logits, H5T_NATIVE_FLOAT, memory, space, H5P_DEFAULT, room) < 0) return 1;
        H5Sclose(memory);
        bytes += count[1] * count[2] * sizeof *room;
      }
    free(room);
    H5Fclose(file);
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  const double seconds = (end.tv_sec - start.tv_sec) + 1e-9 * (end.tv_nsec - start.tv_nsec);
  printf("%.2f s, %.2f GB, %.2f GB/s\n", seconds, bytes / 1e9, bytes / 1e9 / seconds);
  return 0;
}
