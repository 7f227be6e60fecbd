#include "include/levels.h"

#include <stdatomic.h>

#include "include/memory.h"

static _Thread_local int limit = 4;
static atomic_int processor = -1;

int ascribe_kernel_level(void) {
  int level = atomic_load_explicit(&processor, memory_order_relaxed);
  if (level < 0) {
    level = ascribe_processor_level();
    atomic_store_explicit(&processor, level, memory_order_relaxed);
  }
  return level < limit ? level : limit;
}

void ascribe_limit_kernel_level(int level) {
  limit = level;
}
