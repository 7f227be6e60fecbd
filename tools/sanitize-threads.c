// Tells the thread sanitizer of the waiting half of Swift's `Mutex`, which it cannot see.
//
// A free `Mutex` is locked by an atomic exchange in the caller, which is instrumented; one that is
// held, by `_lockSlow` of libswiftSynchronization, which is not. Every value under a lock that two
// threads ever waited for was reported as a race (Swift 6.3; twenty lines around one `Mutex` show
// it). Preloaded by tools/sanitize-threads, these call the library's functions and say what they did.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

// Absent in programs that are not instrumented, such as `swift test` itself.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT void (*Lock)(uint32_t, SELF void *);
typedef SWIFT bool (*Try)(SELF void *);
typedef SWIFT void (*Unlock)(SELF void *);

SWIFT void ascribe_lock(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT bool ascribe_try(SELF void *mutex) __asm__(TRY);
SWIFT void ascribe_unlock(SELF void *mutex) __asm__(UNLOCK);

SWIFT void ascribe_lock(uint32_t thread, SELF void *mutex) {
  ((Lock)dlsym(RTLD_NEXT, LOCK))(thread, mutex);
  if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT bool ascribe_try(SELF void *mutex) {
  bool is_locked = ((Try)dlsym(RTLD_NEXT, TRY))(mutex);
  if (is_locked && __tsan_acquire) __tsan_acquire(mutex);
  return is_locked;
}

SWIFT void ascribe_unlock(SELF void *mutex) {
  if (__tsan_release) __tsan_release(mutex);
  ((Unlock)dlsym(RTLD_NEXT, UNLOCK))(mutex);
}
