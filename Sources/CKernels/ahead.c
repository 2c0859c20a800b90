#include "CKernels.h"

void rote_ahead_add(struct rote_ahead *ahead, const float *from, int64_t count) {
  const char *begin = (const char *)from;
  for (int i = 0; i < ahead->count; i++)
    if (ahead->range[i].from == begin) return;
  if (ahead->count == ROTE_AHEAD_RANGES) return;
  ahead->range[ahead->count].from = begin;
  ahead->range[ahead->count].to = begin + count * (int64_t)sizeof(float);
  ahead->count++;
}
