#define _GNU_SOURCE
#include "toolkit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#ifdef __linux__
#include <malloc.h>
#include <sched.h>
#endif
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 64, LENGTH = 4096 };

static char paths[SLOTS][LENGTH];
// 0 free, 1 being filled, 2 registered: the handler reads only what is registered.
static atomic_int states[SLOTS];

// Returns a slot, or -1 where all are taken or the path is too long.
static int register_file(const char *path) {
  if (strlen(path) >= LENGTH) return -1;
  for (int i = 0; i < SLOTS; i++) {
    int expected = 0;
    if (atomic_compare_exchange_strong(&states[i], &expected, 1)) {
      strcpy(paths[i], path);
      atomic_store(&states[i], 2);
      return i;
    }
  }
  return -1;
}

void rote_cleanup_remove(int slot) {
  if (slot >= 0) atomic_store(&states[slot], 0);
}

// Threads that are about to register a file, and whether the process is about to end.
static atomic_int registering;
static atomic_int is_ending;

void rote_cleanup_all(void) {
  atomic_store(&is_ending, 1);
  // They have their signals blocked, so that none of them waits here for itself.
  for (int i = 0; i < 1000 && atomic_load(&registering) > 0; i++) nanosleep(&(struct timespec){0, 1000000}, 0);
  for (int i = 0; i < SLOTS; i++)
    if (atomic_load(&states[i]) == 2) unlink(paths[i]);
}

static void clean_up_and_die(int number) {
  rote_cleanup_all();
  // SA_RESETHAND has restored the default: this ends the process with the signal's own status.
  raise(number);
}

void rote_signals_install(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = clean_up_and_die;
  action.sa_flags = SA_RESETHAND | SA_NODEFER;
  const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  for (int i = 0; i < 3; i++) {
    struct sigaction old;
    sigaction(numbers[i], 0, &old);
    // What nohup and the shell's background jobs have set to be ignored stays so.
    if (old.sa_handler != SIG_IGN) sigaction(numbers[i], &action, 0);
  }
  signal(SIGPIPE, SIG_DFL);
  // A limit on the size of files is told like a full disk: by what write returns.
  signal(SIGXFSZ, SIG_IGN);
}

static atomic_int is_stop_requested;
// When the first SIGTERM came, in milliseconds; 0: none has come.
static atomic_llong terminated;

static void request_stop(int number) {
  atomic_store(&is_stop_requested, 1);
  // A warning by SIGUSR1 may come before SIGTERM.
  if (number != SIGTERM) return;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long long time = 1 + now.tv_sec * 1000LL + now.tv_nsec / 1000000, first = 0;
  // Who sends SIGTERM once more after a while will not wait. Slurm sends two within milliseconds when it preempts a job.
  if (atomic_compare_exchange_strong(&terminated, &first, time) || time - first < 1000) return;
  rote_cleanup_all();
  signal(number, SIG_DFL);
  raise(number);
}

void rote_stop_requests_take(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = request_stop;
  // Reads and writes under way go on.
  action.sa_flags = SA_RESTART;
  const int numbers[] = {SIGTERM, SIGUSR1};
  for (int i = 0; i < 2; i++) {
    struct sigaction old;
    sigaction(numbers[i], 0, &old);
    if (old.sa_handler != SIG_IGN) sigaction(numbers[i], &action, 0);
  }
}

int rote_is_stop_requested(void) { return atomic_load(&is_stop_requested); }

void rote_standard_streams_open(void) {
  for (int i = 0; i < 3; i++)
    // The wrong way round: to write to standard input, or to read from the others, fails with EBADF as before. Standard output
    // is a folder, so that nobody can write to it by the name of /dev/stdout either.
    if (fcntl(i, F_GETFD) == -1) open(i == 1 ? "/" : "/dev/null", i == 0 ? O_WRONLY : O_RDONLY);
}

const char *rote_commit(void) { return ROTE_COMMIT; }

int rote_open(const char *path, int flags, unsigned mode) { return open(path, flags, mode); }

int rote_rename_new(const char *from, const char *to) {
#ifdef RENAME_NOREPLACE
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS && errno != EPERM && errno != EOPNOTSUPP) return -1;
#endif
  struct stat info;
  if (lstat(to, &info) == 0) {
    errno = EEXIST;
    return -1;
  }
  return errno == ENOENT ? rename(from, to) : -1;
}

static int temporary(char *path_template, int suffix_length) {
#ifdef __linux__
  return mkostemps(path_template, suffix_length, O_CLOEXEC);
#else
  int descriptor = mkstemps(path_template, suffix_length);
  if (descriptor >= 0) fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return descriptor;
#endif
}

int rote_temporary(char *path_template, int suffix_length, int *slot) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  atomic_fetch_add(&registering, 1);
  // Too late: what came now would be left behind.
  if (atomic_load(&is_ending)) {
    atomic_fetch_sub(&registering, 1);
    for (;;) pause();
  }
  int descriptor = temporary(path_template, suffix_length);
  int error = errno;
  if (descriptor >= 0) {
    if (slot) *slot = register_file(path_template);
    else unlink(path_template);
  }
  atomic_fetch_sub(&registering, 1);
  pthread_sigmask(SIG_SETMASK, &before, 0);
  errno = error;
  return descriptor;
}

void rote_give_back_large_arrays(void) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

int rote_cores(void) {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n > 0 ? (int)n : 1;
}
