// A guard around calls of a library that trusts the files it reads.
#ifndef ROTE_GUARD_H
#define ROTE_GUARD_H

/// Catches crashes from now on. `tool` is how the line begins that is written of one.
void rote_guard_install(const char *tool);

/// Sets the file that this thread's guarded calls are about, by the name that messages have, and returns the one before;
/// null for none. A damaged file can crash the library or keep it busy for ever: while a guarded call is under way, a crash
/// of its thread, or more of its processor time than reading can take, removes temporary files, writes one line, and ends
/// the process with 65. Everywhere else a crash stays a crash.
const char *rote_guard_subject(const char *subject);

/// How many bytes of values the calls to come may read each, which allows them more time.
void rote_guard_values(double bytes);

/// Around a call: it is guarded where a subject is set.
void rote_guard_enter(void);
void rote_guard_leave(void);

#endif
