/* How often this thread has called malloc, realloc and posix_memalign; -1 where that cannot be told. A program that
 * links this has its allocations counted from the start. */
#ifndef ROTE_ALLOCATIONS_H
#define ROTE_ALLOCATIONS_H

long rote_allocations(void);

#endif
