// Lets one call of a kind fail, or all from one on: loaded before libc by LD_PRELOAD.
//
//   FAULT=kind:n:errno:once     the n-th call of the kind fails (from 1)
//   FAULT=kind:n:errno:ever     so do all after it
//   FAULT=write:n:0:lost        the n-th write writes nothing, and says that it did
//   FAULT_COUNTS=file           none fails; at the end "kind count" of each kind is written to the file
//
// Standard error is left alone, as its text is what is looked at.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { WRITE, SYNC, RENAME, OPEN, CLOSE, TRUNCATE, READ, MKDIR, KINDS };
static const char *const names[KINDS] = {"write", "sync", "rename", "open", "close", "truncate", "read", "mkdir"};

static atomic_int counts[KINDS];
static int wanted = -1, number, code, ever, lost;

__attribute__((constructor)) static void begin(void) {
  const char *fault = getenv("FAULT");
  char kind[16], how[16];
  if (!fault || sscanf(fault, "%15[a-z]:%d:%d:%15s", kind, &number, &code, how) != 4) return;
  ever = !strcmp(how, "ever");
  lost = !strcmp(how, "lost");
  for (int i = 0; i < KINDS; i++)
    if (!strcmp(kind, names[i])) wanted = i;
}

__attribute__((destructor)) static void end(void) {
  const char *path = getenv("FAULT_COUNTS");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  for (int i = 0; i < KINDS; i++) fprintf(file, "%s %d\n", names[i], atomic_load(&counts[i]));
  fclose(file);
}

static int fails(enum kind kind) {
  int n = atomic_fetch_add(&counts[kind], 1) + 1;
  if ((int)kind != wanted || n < number || (n > number && !ever)) return 0;
  errno = code;
  return 1;
}

// `real` is the function that this one stands before.
#define STANDS_BEFORE(result, name, ...) \
  static result (*real)(__VA_ARGS__);    \
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name)

#define FAILING(kind, result, failed, name, parameters, arguments, ...) \
  result name parameters {                                              \
    STANDS_BEFORE(result, name, __VA_ARGS__);                           \
    return fails(kind) ? failed : real arguments;                       \
  }

ssize_t write(int descriptor, const void *bytes, size_t count) {
  STANDS_BEFORE(ssize_t, write, int, const void *, size_t);
  return descriptor != 2 && fails(WRITE) ? (lost ? (ssize_t)count : -1) : real(descriptor, bytes, count);
}

FAILING(WRITE, ssize_t, lost ? (ssize_t)n : -1, pwrite, (int d, const void *b, size_t n, off_t o), (d, b, n, o), int, const void *, size_t, off_t)
FAILING(WRITE, ssize_t, lost ? (ssize_t)n : -1, pwrite64, (int d, const void *b, size_t n, off64_t o), (d, b, n, o), int, const void *, size_t, off64_t)
FAILING(READ, ssize_t, -1, read, (int d, void *b, size_t n), (d, b, n), int, void *, size_t)
FAILING(READ, ssize_t, -1, pread, (int d, void *b, size_t n, off_t o), (d, b, n, o), int, void *, size_t, off_t)
FAILING(READ, ssize_t, -1, pread64, (int d, void *b, size_t n, off64_t o), (d, b, n, o), int, void *, size_t, off64_t)
FAILING(SYNC, int, -1, fsync, (int d), (d), int)
FAILING(SYNC, int, -1, fdatasync, (int d), (d), int)
FAILING(RENAME, int, -1, rename, (const char *a, const char *b), (a, b), const char *, const char *)
FAILING(RENAME, int, -1, renameat2, (int f, const char *a, int g, const char *b, unsigned h), (f, a, g, b, h), int, const char *, int, const char *, unsigned)
FAILING(TRUNCATE, int, -1, ftruncate, (int d, off_t n), (d, n), int, off_t)
FAILING(TRUNCATE, int, -1, ftruncate64, (int d, off64_t n), (d, n), int, off64_t)
FAILING(MKDIR, int, -1, mkdir, (const char *p, mode_t m), (p, m), const char *, mode_t)
FAILING(OPEN, DIR *, NULL, opendir, (const char *p), (p), const char *)
FAILING(OPEN, int, -1, mkostemps, (char *t, int s, int f), (t, s, f), char *, int, int)
FAILING(OPEN, int, -1, mkostemps64, (char *t, int s, int f), (t, s, f), char *, int, int)

#define OPENING(name)                                  \
  int name(const char *path, int flags, ...) {         \
    STANDS_BEFORE(int, name, const char *, int, ...);  \
    va_list rest;                                      \
    va_start(rest, flags);                             \
    mode_t mode = va_arg(rest, mode_t);                \
    va_end(rest);                                      \
    return fails(OPEN) ? -1 : real(path, flags, mode); \
  }
OPENING(open)
OPENING(open64)

// The descriptor is gone all the same, as on Linux.
int close(int descriptor) {
  STANDS_BEFORE(int, close, int);
  int failed = fails(CLOSE), result = real(descriptor);
  if (failed) errno = code;
  return failed ? -1 : result;
}
