#define _GNU_SOURCE
#include "toolkit.h"

#include <fcntl.h>
#ifdef __linux__
#include <sched.h>
#endif
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SLOTS = 64, LENGTH = 4096 };

static char paths[SLOTS][LENGTH];
// 0 free, 1 being filled, 2 registered: the handler reads only what is registered.
static atomic_int states[SLOTS];

int rote_cleanup_add(const char *path) {
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

static void clean_up(void) {
  for (int i = 0; i < SLOTS; i++)
    if (atomic_load(&states[i]) == 2) unlink(paths[i]);
}

static void clean_up_and_die(int number) {
  clean_up();
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
static atomic_int terminations;

static void request_stop(int number) {
  atomic_store(&is_stop_requested, 1);
  // A warning by SIGUSR1 may come before SIGTERM; who sends SIGTERM twice will not wait.
  if (number != SIGTERM || atomic_fetch_add(&terminations, 1) == 0) return;
  clean_up();
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
    // The wrong way round: to write to standard input, or to read from the others, fails with EBADF as before.
    if (fcntl(i, F_GETFD) == -1) open("/dev/null", i == 0 ? O_WRONLY : O_RDONLY);
}

const char *rote_commit(void) { return ROTE_COMMIT; }

int rote_open(const char *path, int flags, unsigned mode) { return open(path, flags, mode); }

int rote_temporary(char *path_template, int suffix_length) {
#ifdef __linux__
  return mkostemps(path_template, suffix_length, O_CLOEXEC);
#else
  int descriptor = mkstemps(path_template, suffix_length);
  if (descriptor >= 0) fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return descriptor;
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
