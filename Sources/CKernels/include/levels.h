#pragma once

/// The level the kernels run at: the processor's, unless limited. 4 AVX-512, 3 AVX2, 0 neither.
int ascribe_kernel_level(void);

/// Keeps the kernels at `level` or below, for tests and comparisons. 4 lifts the limit.
void ascribe_limit_kernel_level(int level);
