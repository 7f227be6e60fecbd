#pragma once
#include <stdint.h>

/// Lets free() keep large blocks for the next allocation instead of giving their pages back:
/// a loop over tensors then never pays for page faults twice.
void ascribe_keep_freed_memory(void);

/// A block of zeros, to be freed with free(); NULL where there is no memory. Fresh pages of the system
/// are zero already and are not touched.
void *ascribe_zeroed_memory(long bytes);

/// Bytes that this process may map (RLIMIT_AS); -1: as many as it likes.
int64_t ascribe_address_space_limit(void);

/// Whether so many bytes more can be mapped now: maps them and gives them back.
int ascribe_can_map(int64_t bytes);

/// Lets all threads allocate from one heap. Those of their own take 64 MiB of addresses each.
void ascribe_share_heap(void);

/// Peak resident set of this process in bytes.
int64_t ascribe_peak_memory(void);

/// 4: AVX-512 (x86-64-v4), 3: AVX2 and FMA (x86-64-v3), 0: anything else.
int ascribe_processor_level(void);

/// Tells the processor that this is a loop which waits.
static inline void ascribe_spin_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
