/* The record: entries appended to a file, and what the descriptors stand for. */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DESCRIPTOR_LIMIT = 65536 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct opened table[DESCRIPTOR_LIMIT];
static char root[PATH_MAX];
static size_t root_length;
static int record = -1;
static uint64_t last_handle, last_number;
static const char *kill_path;
static int calls_under_way;

static void give_up(const char *what) {
  static const char name[] = "disk shim: ";
  if (syscall(SYS_write, 2, name, sizeof name - 1) < 0 || syscall(SYS_write, 2, what, strlen(what)) < 0) abort();
  abort();
}

void shim_lock(void) {
  pthread_mutex_lock(&mutex);
  if (kill_path != NULL && calls_under_way == 0 && syscall(SYS_access, kill_path, F_OK) == 0)
    syscall(SYS_kill, getpid(), SIGKILL);
}
void shim_unlock_for_call(void) {
  calls_under_way++;
  pthread_mutex_unlock(&mutex);
}
void shim_lock_after_call(void) {
  pthread_mutex_lock(&mutex);
  calls_under_way--;
}
void shim_unlock(void) { pthread_mutex_unlock(&mutex); }
int shim_is_recording(void) { return record >= 0; }
uint64_t shim_next_number(void) { return ++last_number; }
uint64_t shim_next_handle(void) { return ++last_handle; }

static void record_process(void) {
  char arguments[4096];
  int file = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY);
  ssize_t count = file < 0 ? 0 : syscall(SYS_read, file, arguments, sizeof arguments);
  if (file >= 0) syscall(SYS_close, file);
  shim_record(KIND_PROCESS, 0, 0, 0, 0, arguments, count < 0 ? 0 : (size_t)count, NULL, 0);
}

__attribute__((constructor)) void shim_start(void) {
  static int is_started;
  if (is_started) return;
  is_started = 1;
  const char *named = getenv("PINVAULT_DISK_ROOT");
  if (named == NULL || named[0] != '/' || strlen(named) >= sizeof root) give_up("PINVAULT_DISK_ROOT is not set\n");
  strcpy(root, named);
  root_length = strlen(root);
  kill_path = getenv("PINVAULT_DISK_KILL");
  shim_start_faults();
  shim_start_steps();
  const char *path = getenv("PINVAULT_DISK_RECORD");
  if (path == NULL) return;
  int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  /* Far from the numbers that the program counts on. */
  if (file >= 0) record = (int)syscall(SYS_fcntl, file, F_DUPFD_CLOEXEC, 200);
  if (record < 0) record = file;
  else syscall(SYS_close, file);
  if (record < 0) give_up("the record cannot be opened\n");
  shim_lock();
  record_process();
  shim_unlock();
}

void shim_record(enum kind kind, uint32_t flags, uint64_t handle, uint64_t number, uint64_t offset, const void *bytes,
  size_t count, const void *more, size_t more_count) {
  if (record < 0) return;
  struct { uint32_t size; uint8_t kind, zero[3]; uint32_t process, flags; uint64_t handle, number, offset; } header = {
    .size = (uint32_t)(40 + count + more_count), .kind = (uint8_t)kind, .process = (uint32_t)getpid(), .flags = flags,
    .handle = handle, .number = number, .offset = offset };
  struct iovec parts[3] = { { &header, sizeof header }, { (void *)bytes, count }, { (void *)more, more_count } };
  /* One call: another process appends to the same file. */
  if (syscall(SYS_writev, record, parts, 3) != (long)header.size) give_up("the record cannot be written\n");
}

int shim_resolve(int directory, const char *name, char *path) {
  if (name == NULL || root_length == 0) return 0;
  int length;
  if (name[0] == '/') {
    length = snprintf(path, PATH_MAX, "%s", name);
  } else if (directory == AT_FDCWD) {
    char current[PATH_MAX];
    if (getcwd(current, sizeof current) == NULL) return 0;
    length = snprintf(path, PATH_MAX, "%s/%s", current, name);
  } else {
    char link[64], current[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    ssize_t count = readlink(link, current, sizeof current - 1);
    if (count < 0) return 0;
    current[count] = 0;
    length = snprintf(path, PATH_MAX, "%s/%s", current, name);
  }
  if (length >= PATH_MAX) return 0;
  return strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

struct opened shim_opened(int descriptor) {
  if (descriptor < 0 || descriptor >= DESCRIPTOR_LIMIT) return (struct opened){ 0 };
  return table[descriptor];
}

void shim_set_opened(int descriptor, struct opened opened) {
  if (descriptor >= DESCRIPTOR_LIMIT) give_up("too many descriptors\n");
  if (descriptor >= 0) table[descriptor] = opened;
}
