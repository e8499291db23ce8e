/* The step at which the process kills itself: PINVAULT_DISK_COUNTDOWN is a file of 8 bytes, an int64 of the machine, shared with
 * whoever runs the process. Each step takes one off it while it is above 0, and the one that brings it to 0 kills the process,
 * with signal 9, before it is made.
 *
 * A step is a call that changes a file in the root, or that hands bytes to a connection: a client's, a mail server's, a
 * gateway's. What they answer changes nothing by itself, so that a process that was killed between two steps has done the first
 * of them and whatever others did upon it, and no more.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic int64_t *countdown;

void shim_start_steps(void) {
  const char *path = getenv("PINVAULT_DISK_COUNTDOWN");
  if (path == NULL) return;
  int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  void *map = file < 0 ? MAP_FAILED : (void *)syscall(SYS_mmap, NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (map == MAP_FAILED) abort();
  syscall(SYS_close, file);
  countdown = map;
}

void shim_step(void) {
  if (countdown == NULL) return;
  int64_t left = atomic_load(countdown);
  while (left > 0 && !atomic_compare_exchange_weak(countdown, &left, left - 1)) {
  }
  if (left == 1) syscall(SYS_kill, getpid(), SIGKILL);
}
