#pragma once
#include <cblas.h>
#include <lapacke.h>
#include <stdlib.h>

// OpenBLAS chooses its kernels once, at load. Releases older than the processor take the SSE
// kernels ("Prescott") and lose a factor of ten; these two, where the library exports them, choose
// again. Weak: a library without them still links.
extern void gotoblas_dynamic_quit(void) __attribute__((weak));
extern void gotoblas_dynamic_init(void) __attribute__((weak));

// OpenBLAS maps a buffer for each thread at that thread's first product, and where that fails tries
// again for ever. These, where the library exports them, let it be done and checked before.
extern void *blas_memory_alloc(int) __attribute__((weak));
extern void blas_memory_free(void *) __attribute__((weak));
extern int blas_thread_shutdown_(void) __attribute__((weak));

/// Ends the threads that OpenBLAS began when it was loaded; their buffers stay for others. Waits for
/// each to have its buffer.
static inline void ascribe_openblas_end_threads(void) {
  if (blas_thread_shutdown_) blas_thread_shutdown_();
}

/// Maps `count` buffers, to be used by whichever threads call; there must be room. 0 when the
/// library cannot.
static inline int ascribe_openblas_map_buffers(int count) {
  void *taken[64];
  if (!blas_memory_alloc || !blas_memory_free || count > 64) return 0;
  for (int i = 0; i < count; i++) taken[i] = blas_memory_alloc(0);
  for (int i = 0; i < count; i++)
    if (taken[i]) blas_memory_free(taken[i]);
  return 1;
}

/// Chooses the kernels of `core` for the rest of the process. 0 when the library cannot.
static inline int ascribe_openblas_choose_core(const char *core) {
  if (!gotoblas_dynamic_quit || !gotoblas_dynamic_init) return 0;
  setenv("OPENBLAS_CORETYPE", core, 1);
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  return 1;
}
