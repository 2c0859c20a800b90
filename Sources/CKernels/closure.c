#include "closure.h"

ROTE_SWIFT void rote_borrow_closure(const void *function, const void *context, struct rote_closure *words) {
  words->function = function;
  words->context = context;
}
