// A bare libjpeg-turbo decode loop, the yardstick for fetch-data's: pictures that lie in memory, to RGB in memory.
//
//   cc -O2 Benchmarks/jpeg_loop.c -o jpeg_loop -lturbojpeg -lpthread
//   find tiny-imagenet-200 -name '*.JPEG' | ./jpeg_loop THREADS ROUNDS
//
// Prints the pictures per second of each round.

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <turbojpeg.h>

typedef struct {
  unsigned char *bytes;
  unsigned long size;
} File;

static File *files;
static int count, threads;

static void *decode(void *argument) {
  long thread = (long)argument;
  tjhandle handle = tjInitDecompress();
  unsigned char *pixels = malloc(1 << 24);
  for (int i = (int)thread; i < count; i += threads) {
    int width, height, sampling, colours;
    if (tjDecompressHeader3(handle, files[i].bytes, files[i].size, &width, &height, &sampling, &colours) ||
        tjDecompress2(handle, files[i].bytes, files[i].size, pixels, width, 0, height, TJPF_RGB, TJFLAG_ACCURATEDCT))
      fprintf(stderr, "file %d: %s\n", i, tjGetErrorStr2(handle));
  }
  free(pixels);
  tjDestroy(handle);
  return NULL;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

int main(int argc, char **argv) {
  threads = argc > 1 ? atoi(argv[1]) : 1;
  int rounds = argc > 2 ? atoi(argv[2]) : 5, room = 0;
  char name[4096];
  while (fgets(name, sizeof name, stdin)) {
    name[strcspn(name, "\n")] = 0;
    FILE *file = fopen(name, "rb");
    if (!file) return perror(name), 74;
    if (count == room) files = realloc(files, (room = 2 * room + 1024) * sizeof *files);
    File *f = &files[count++];
    fseek(file, 0, SEEK_END);
    f->size = ftell(file);
    rewind(file);
    f->bytes = malloc(f->size);
    if (fread(f->bytes, 1, f->size, file) != f->size) return perror(name), 74;
    fclose(file);
  }
  for (int round = 0; round < rounds; round++) {
    double start = now();
    pthread_t ids[64];
    for (long t = 0; t < threads; t++) pthread_create(&ids[t], NULL, decode, (void *)t);
    for (int t = 0; t < threads; t++) pthread_join(ids[t], NULL);
    printf("%.0f\n", count / (now() - start));
  }
  return 0;
}
