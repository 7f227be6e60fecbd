#include "include/levels.h"

#include <stdatomic.h>

#include "include/memory.h"

static atomic_int limit = 4;
static atomic_int processor = -1;

int ascribe_kernel_level(void) {
  int level = atomic_load_explicit(&processor, memory_order_relaxed);
  if (level < 0) {
    level = ascribe_processor_level();
    atomic_store_explicit(&processor, level, memory_order_relaxed);
  }
  int most = atomic_load_explicit(&limit, memory_order_relaxed);
  return level < most ? level : most;
}

void ascribe_limit_kernel_level(int level) {
  atomic_store_explicit(&limit, level, memory_order_relaxed);
}
