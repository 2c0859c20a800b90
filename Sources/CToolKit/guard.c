#define _GNU_SOURCE
#include "guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "toolkit.h"

// What the watching thread sees of a thread that reads a file.
struct place {
  // 0 free, 1 being filled, 2 in use.
  atomic_int state;
  // Odd while a call is under way.
  atomic_ulong calls;
  // Seconds that a call may take.
  _Atomic double limit;
  const char *subject;
  clockid_t clock;
  // The watching thread's own: the call that it saw last, and the thread's processor time then.
  unsigned long seen;
  double since;
};

enum { PLACES = 64 };
static struct place places[PLACES];

// Seconds: no call that reads no values comes near.
static const double usual_limit = 3;

static _Thread_local struct place *own;
static _Thread_local const char *own_subject;
static char tool[64];

static void put(const char *text) {
  char line[256];
  size_t count = 0;
  for (; *text; text++) {
    // Names may hold what steers a terminal.
    line[count++] = (unsigned char)*text < 32 || *text == 127 ? ' ' : *text;
    if (count == sizeof line || !text[1]) {
      if (write(2, line, count) < 0) return;
      count = 0;
    }
  }
}

// Nothing here but what a signal handler may call.
static _Noreturn void give_up(const char *subject, const char *problem) {
  rote_cleanup_all();
  put(tool);
  put(subject);
  put(problem);
  if (write(2, "\n", 1) < 0) _exit(65);
  _exit(65);
}

// --- Calls that never end.

static double processor_time(clockid_t clock) {
  struct timespec time;
  return clock_gettime(clock, &time) == 0 ? time.tv_sec + 1e-9 * time.tv_nsec : -1;
}

static void *watch(void *unused) {
  for (;;) {
    nanosleep(&(struct timespec){0, 250000000}, 0);
    for (struct place *place = places; place < places + PLACES; place++) {
      if (atomic_load(&place->state) != 2) continue;
      unsigned long call = atomic_load(&place->calls);
      double now = processor_time(place->clock);
      if (call % 2 == 0 || now < 0) continue;
      if (call != place->seen) {
        place->seen = call;
        place->since = now;
      } else if (now - place->since > atomic_load(&place->limit)) {
        // The thread may have gone on in between.
        if (atomic_load(&place->state) == 2 && atomic_load(&place->calls) == call)
          give_up(place->subject, ": reading it comes to no end; the file is damaged or is not rote's");
      }
    }
  }
  return unused;
}

static void start_watching(void) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  pthread_t thread;
  if (pthread_create(&thread, 0, watch, 0) == 0) pthread_detach(thread);
  pthread_sigmask(SIG_SETMASK, &before, 0);
}

// --- Crashes. A handler's own stack, since the thread's may be what has run out.

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
enum { CRASHES = sizeof crashes / sizeof *crashes };
static struct sigaction before[CRASHES];
static pthread_key_t stack_key;
static atomic_int is_installed;

static void crashed(int number) {
  if (own && atomic_load(&own->calls) % 2)
    give_up(own->subject, ": reading it crashes libhdf5; the file is damaged or is not rote's");
  for (int i = 0; i < CRASHES; i++)
    if (crashes[i] == number) sigaction(number, &before[i], 0);
  // A fault comes again as its instruction is tried again, and so is told as it was.
  if (number == SIGABRT) raise(number);
}

static void free_stack(void *stack) {
  sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, 0);
  free(stack);
}

static void make_stack(void) {
  if (pthread_getspecific(stack_key)) return;
  long least = sysconf(_SC_MINSIGSTKSZ);
  size_t size = (least > 0 ? least : 4096) + (1 << 15);
  stack_t stack = {.ss_sp = malloc(size), .ss_size = size};
  if (stack.ss_sp && (sigaltstack(&stack, 0) != 0 || pthread_setspecific(stack_key, stack.ss_sp) != 0))
    free_stack(stack.ss_sp);
}

void rote_guard_install(const char *name) {
  strncpy(tool, name, sizeof tool - 3);
  strcat(tool, ": ");
  if (pthread_key_create(&stack_key, free_stack) != 0) return;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = crashed;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  for (int i = 0; i < CRASHES; i++) sigaction(crashes[i], &action, &before[i]);
  atomic_store(&is_installed, 1);
}

// --- What is guarded.

static void claim(const char *subject) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, start_watching);
  make_stack();
  for (struct place *place = places; place < places + PLACES; place++) {
    int expected = 0;
    if (!atomic_compare_exchange_strong(&place->state, &expected, 1)) continue;
    place->subject = subject;
    atomic_store(&place->calls, 0);
    atomic_store(&place->limit, usual_limit);
    if (pthread_getcpuclockid(pthread_self(), &place->clock) != 0) place->clock = CLOCK_PROCESS_CPUTIME_ID;
    atomic_store(&place->state, 2);
    own = place;
    return;
  }
}

const char *rote_guard_subject(const char *subject) {
  const char *previous = own_subject;
  own_subject = subject;
  if (!atomic_load(&is_installed)) return previous;
  // Nobody takes a place while it is changed: another subject, another place.
  if (own) atomic_store(&own->state, 0);
  own = 0;
  if (subject) claim(subject);
  return previous;
}

void rote_guard_values(double bytes) {
  // Deflate gives tens of megabytes a second on the slowest machine.
  if (own) atomic_store(&own->limit, usual_limit + 1e-7 * bytes);
}

void rote_guard_enter(void) {
  if (own) atomic_fetch_add(&own->calls, 1);
}

void rote_guard_leave(void) {
  if (own) atomic_fetch_add(&own->calls, 1);
}
