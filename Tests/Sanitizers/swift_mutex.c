/* Tells the thread sanitizer of Swift's Mutex.
 *
 * On Linux the slow paths of Swift's Mutex, taken when two threads want it at once, lie in the Swift runtime, which is not
 * compiled for the sanitizer: without this, all that two threads do one after the other under a contended Mutex is reported
 * as a race. This library is loaded before the runtime, does what its functions do, and says who was there before whom.
 * It adds no more order than the Mutex gives, so a race beside a Mutex is still found.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

/* Synchronization._MutexHandle._lockSlow(UInt32), ._unlockSlow() and ._tryLockSlow() -> Bool */
SWIFT void lock_slow(uint32_t thread, SELF) __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
SWIFT void unlock_slow(SELF) __asm__("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
SWIFT bool try_lock_slow(SELF) __asm__("$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF");

static void *next(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (!found) abort();
  return found;
}

static void tell(const char *name, void *address) {
  void (*told)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, name);
  if (told) told(address);
}

SWIFT void lock_slow(uint32_t thread, SELF) {
  typedef SWIFT void (*function)(uint32_t, SELF);
  ((function)next("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"))(thread, self);
  tell("__tsan_acquire", self);
}

SWIFT void unlock_slow(SELF) {
  typedef SWIFT void (*function)(SELF);
  tell("__tsan_release", self);
  ((function)next("$s15Synchronization12_MutexHandleV11_unlockSlowyyF"))(self);
}

SWIFT bool try_lock_slow(SELF) {
  typedef SWIFT bool (*function)(SELF);
  bool is_locked = ((function)next("$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"))(self);
  if (is_locked) tell("__tsan_acquire", self);
  return is_locked;
}
