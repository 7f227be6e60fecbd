#pragma once
#include <cblas.h>
#include <lapacke.h>
#include <stdlib.h>

// OpenBLAS chooses its kernels once, at load. Releases older than the processor take the SSE
// kernels ("Prescott") and lose a factor of ten; these two, where the library exports them, choose
// again. Weak: a library without them still links.
extern void gotoblas_dynamic_quit(void) __attribute__((weak));
extern void gotoblas_dynamic_init(void) __attribute__((weak));

/// Chooses the kernels of `core` for the rest of the process. 0 when the library cannot.
static inline int ascribe_openblas_choose_core(const char *core) {
  if (!gotoblas_dynamic_quit || !gotoblas_dynamic_init) return 0;
  setenv("OPENBLAS_CORETYPE", core, 1);
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  return 1;
}
