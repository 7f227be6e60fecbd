#pragma once

/// The level of kernels called on this thread: the processor's, unless limited. 4 AVX-512, 3 AVX2,
/// 0 neither.
int ascribe_kernel_level(void);

/// Keeps kernels called on this thread at `level` or below, for tests. 4 lifts it.
void ascribe_limit_kernel_level(int level);
