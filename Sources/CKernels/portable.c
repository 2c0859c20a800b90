#define V 4
#define ACCUMULATORS 8
#define TABLE rote_kernels_portable
#include "kernels.h"
