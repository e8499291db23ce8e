/* Which call fails: PINVAULT_DISK_FAULT is OPERATION:NUMBER:ERRNO or OPERATION:NUMBER:ERRNO:always.
 *
 * OPERATION is one of the names below, or `any`; calls in the root are counted from 1, all of an operation together, or all
 * together for `any`. The NUMBERth fails with ERRNO, and with `always` every one after it too, as on a disk that died.
 * ERRNO 0 is a short write: half of the bytes are written, which is no error and must be carried on.
 *
 * PINVAULT_DISK_FAULT_COUNTS names a file that is told, at the process's end, how many calls of each operation there were.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const names[OP_COUNT] = { "open", "create", "read", "write", "sync", "rename", "link", "unlink", "mkdir",
  "truncate", "map", "space" };

static int operation = -1; /* OP_COUNT for any */
static uint64_t number;
static int code, is_always;
static uint64_t counts[OP_COUNT], total;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void shim_start_faults(void) {
  const char *plan = getenv("PINVAULT_DISK_FAULT");
  if (plan == NULL || plan[0] == 0) return;
  char name[16], always[16] = "";
  unsigned long wanted;
  if (sscanf(plan, "%15[a-z]:%lu:%d:%15s", name, &wanted, &code, always) < 3) abort();
  number = wanted;
  is_always = strcmp(always, "always") == 0;
  for (int index = 0; index < OP_COUNT; index++) if (strcmp(names[index], name) == 0) operation = index;
  if (strcmp(name, "any") == 0) operation = OP_COUNT;
  if (operation < 0) abort();
}

static int changes_a_file(enum operation called) {
  return called != OP_OPEN && called != OP_READ && called != OP_MAP && called != OP_SPACE;
}

int shim_fault(enum operation called, const char *path, size_t *count) {
  if (changes_a_file(called)) shim_step();
  pthread_mutex_lock(&mutex);
  uint64_t its = ++counts[called];
  /* Looking at free space fails no change and is not counted among them. */
  uint64_t all = called == OP_SPACE || called == OP_READ ? total : ++total;
  int is_counted = operation == (int)called || (operation == OP_COUNT && called != OP_SPACE && called != OP_READ);
  uint64_t mine = operation == OP_COUNT ? all : its;
  int is_due = is_counted && (mine == number || (is_always && mine > number));
  pthread_mutex_unlock(&mutex);
  if (!is_due) return 0;
  if (code == 0) {
    if (called != OP_WRITE || count == NULL || *count < 2) return 0;
    *count /= 2;
  }
  shim_record(KIND_FAULT, (uint32_t)code, 0, its, 0, names[called], strlen(names[called]) + 1, path, strlen(path) + 1);
  return code;
}

__attribute__((destructor)) static void tell_counts(void) {
  const char *path = getenv("PINVAULT_DISK_FAULT_COUNTS");
  if (path == NULL) return;
  int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return;
  char line[64];
  for (int index = 0; index < OP_COUNT; index++) {
    int length = snprintf(line, sizeof line, "%s %lu\n", names[index], (unsigned long)counts[index]);
    if (syscall(SYS_write, file, line, length) != length) break;
  }
  int length = snprintf(line, sizeof line, "any %lu\n", (unsigned long)total);
  if (syscall(SYS_write, file, line, length) != length) abort();
  syscall(SYS_close, file);
}
