/* The C library's calls that change a file, as the shim makes them. What is not here shows in the end: the script rebuilds
 * every file from the record and compares it with the real one. */
#define _GNU_SOURCE
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Defines `real`, the function of the same name that comes after this one. */
#define REAL(result, name, ...)                                         \
  static result (*real)(__VA_ARGS__);                                   \
  if (real == NULL) real = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

static int failing(int code) {
  errno = code;
  return -1;
}

/* Opening and closing. */

static int opened(int directory, const char *name, int flags, mode_t mode) {
  char path[PATH_MAX];
  shim_start();
  int is_ours = shim_resolve(directory, name, path);
  int code = is_ours ? shim_fault(flags & O_CREAT ? OP_CREATE : OP_OPEN, path, NULL) : 0;
  if (code != 0) return failing(code);
  shim_lock();
  int descriptor = (int)syscall(SYS_openat, directory, name, flags, mode);
  int error = errno;
  if (descriptor >= 0) {
    struct opened entry = { 0 };
    if (is_ours) {
      entry = (struct opened){ .handle = shim_next_handle(), .flags = flags, .path = strdup(path) };
      shim_record(KIND_OPEN, (uint32_t)flags, entry.handle, 0, 0, path, strlen(path), NULL, 0);
    }
    shim_set_opened(descriptor, entry);
  }
  shim_unlock();
  errno = error;
  return descriptor;
}

static mode_t mode_of(int flags, va_list arguments) {
  return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(name)                                        \
  int name(const char *path, int flags, ...) {            \
    va_list arguments;                                    \
    va_start(arguments, flags);                           \
    mode_t mode = mode_of(flags, arguments);              \
    va_end(arguments);                                    \
    return opened(AT_FDCWD, path, flags, mode);           \
  }
#define OPENAT(name)                                              \
  int name(int directory, const char *path, int flags, ...) {     \
    va_list arguments;                                            \
    va_start(arguments, flags);                                   \
    mode_t mode = mode_of(flags, arguments);                      \
    va_end(arguments);                                            \
    return opened(directory, path, flags, mode);                  \
  }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int descriptor) {
  REAL(int, close, int);
  shim_lock();
  shim_set_opened(descriptor, (struct opened){ 0 });
  shim_unlock();
  return real(descriptor);
}

static int duplicated(int from, int to) {
  if (to >= 0) {
    shim_lock();
    shim_set_opened(to, shim_opened(from));
    shim_unlock();
  }
  return to;
}
int dup(int from) { REAL(int, dup, int); return duplicated(from, real(from)); }
int dup2(int from, int to) { REAL(int, dup2, int, int); return duplicated(from, real(from, to)); }
int dup3(int from, int to, int flags) { REAL(int, dup3, int, int, int); return duplicated(from, real(from, to, flags)); }

#define FCNTL(name)                                                                            \
  int name(int descriptor, int command, ...) {                                                 \
    REAL(int, name, int, int, ...);                                                            \
    va_list arguments;                                                                         \
    va_start(arguments, command);                                                              \
    void *argument = va_arg(arguments, void *);                                                \
    va_end(arguments);                                                                         \
    int result = real(descriptor, command, argument);                                          \
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? duplicated(descriptor, result) : result; \
  }
FCNTL(fcntl)
FCNTL(fcntl64)

/* Connections: what clients are told. */

static int accepted(int descriptor) {
  if (descriptor < 0) return descriptor;
  shim_lock();
  shim_set_opened(descriptor, (struct opened){ .handle = shim_next_handle(), .is_connection = 1 });
  shim_unlock();
  return descriptor;
}
int accept(int socket, struct sockaddr *address, socklen_t *length) {
  return accepted((int)syscall(SYS_accept4, socket, address, length, 0));
}
int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags) {
  return accepted((int)syscall(SYS_accept4, socket, address, length, flags));
}

/* Writing. The pieces are put into one write at one place, which is what they are. */

enum { AT_CURSOR = -1 };

static ssize_t told(uint64_t handle, int descriptor, const struct iovec *pieces, int count, int flags) {
  struct msghdr message = { .msg_iov = (struct iovec *)pieces, .msg_iovlen = (size_t)count };
  for (int index = 0; index < count; index++)
    shim_record(KIND_TOLD, 0, handle, 0, 0, pieces[index].iov_base, pieces[index].iov_len, NULL, 0);
  ssize_t sent = syscall(SYS_sendmsg, descriptor, &message, flags | MSG_NOSIGNAL);
  size_t wanted = 0;
  for (int index = 0; index < count; index++) wanted += pieces[index].iov_len;
  /* What was not taken is sent, and entered, again: the reader of the record goes back by so much. */
  if (sent != (ssize_t)wanted)
    shim_record(KIND_SHORT, 0, handle, 0, (uint64_t)(sent < 0 ? 0 : sent), &wanted, sizeof wanted, NULL, 0);
  return sent;
}

static ssize_t written(int descriptor, const struct iovec *pieces, int count, off_t offset) {
  shim_start();
  shim_lock();
  struct opened entry = shim_opened(descriptor);
  if (entry.is_connection) shim_step();
  if (entry.handle == 0 || (entry.is_connection && !shim_is_recording())) {
    shim_unlock();
    return offset == AT_CURSOR ? syscall(SYS_writev, descriptor, pieces, count)
                               : syscall(SYS_pwritev, descriptor, pieces, count, offset, 0);
  }
  if (entry.is_connection) {
    ssize_t sent = told(entry.handle, descriptor, pieces, count, 0);
    int error = errno;
    shim_unlock();
    errno = error;
    return sent;
  }
  size_t size = 0, gathered = 0;
  for (int index = 0; index < count; index++) size += pieces[index].iov_len;
  int code = shim_fault(OP_WRITE, entry.path, &size);
  if (code != 0) {
    shim_unlock();
    return failing(code);
  }
  char *bytes = malloc(size + 1);
  for (int index = 0; index < count && gathered < size; index++) {
    size_t part = pieces[index].iov_len < size - gathered ? pieces[index].iov_len : size - gathered;
    memcpy(bytes + gathered, pieces[index].iov_base, part);
    gathered += part;
  }
  off_t place = offset;
  if (offset == AT_CURSOR) place = lseek(descriptor, 0, entry.flags & O_APPEND ? SEEK_END : SEEK_CUR);
  uint64_t number = shim_next_number();
  shim_record(KIND_WRITE, 0, entry.handle, number, (uint64_t)place, bytes, size, NULL, 0);
  int is_synced = (entry.flags & (O_DSYNC | O_SYNC)) != 0;
  /* A write that waits for the disk must not hold up the others: they go on meanwhile without us, too. */
  if (is_synced) shim_unlock_for_call();
  ssize_t done = offset == AT_CURSOR ? syscall(SYS_write, descriptor, bytes, size)
                                     : syscall(SYS_pwrite64, descriptor, bytes, size, offset);
  int error = errno;
  if (is_synced) shim_lock_after_call();
  if (done != (ssize_t)size) {
    shim_record(KIND_SHORT, 0, entry.handle, number, (uint64_t)(done < 0 ? 0 : done), NULL, 0, NULL, 0);
  } else if (is_synced) {
    shim_record(KIND_WRITE_DONE, 0, entry.handle, number, 0, NULL, 0, NULL, 0);
  }
  shim_unlock();
  free(bytes);
  errno = error;
  return done;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
  struct iovec piece = { (void *)bytes, count };
  return written(descriptor, &piece, 1, AT_CURSOR);
}
ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  struct iovec piece = { (void *)bytes, count };
  return written(descriptor, &piece, 1, offset);
}
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) {
  return pwrite(descriptor, bytes, count, offset);
}
ssize_t writev(int descriptor, const struct iovec *pieces, int count) {
  return written(descriptor, pieces, count, AT_CURSOR);
}
ssize_t pwritev(int descriptor, const struct iovec *pieces, int count, off_t offset) {
  return written(descriptor, pieces, count, offset);
}
ssize_t pwritev64(int descriptor, const struct iovec *pieces, int count, off_t offset) {
  return written(descriptor, pieces, count, offset);
}
ssize_t send(int descriptor, const void *bytes, size_t count, int flags) {
  shim_step();
  shim_lock();
  struct opened entry = shim_opened(descriptor);
  struct iovec piece = { (void *)bytes, count };
  if (entry.is_connection && shim_is_recording()) {
    ssize_t sent = told(entry.handle, descriptor, &piece, 1, flags);
    int error = errno;
    shim_unlock();
    errno = error;
    return sent;
  }
  shim_unlock();
  return syscall(SYS_sendto, descriptor, bytes, count, flags, NULL, 0);
}
ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags) {
  shim_step();
  shim_lock();
  struct opened entry = shim_opened(descriptor);
  if (entry.is_connection && shim_is_recording()) {
    ssize_t sent = told(entry.handle, descriptor, message->msg_iov, (int)message->msg_iovlen, flags);
    int error = errno;
    shim_unlock();
    errno = error;
    return sent;
  }
  shim_unlock();
  return syscall(SYS_sendmsg, descriptor, message, flags);
}

/* Reading, only to make it fail. */

ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset) {
  struct opened entry = shim_opened(descriptor);
  int code = entry.handle != 0 && !entry.is_connection ? shim_fault(OP_READ, entry.path, NULL) : 0;
  return code != 0 ? failing(code) : syscall(SYS_pread64, descriptor, bytes, count, offset);
}
ssize_t pread64(int descriptor, void *bytes, size_t count, off_t offset) { return pread(descriptor, bytes, count, offset); }

/* Syncing. */

static int synced(int descriptor, int is_data) {
  shim_lock();
  struct opened entry = shim_opened(descriptor);
  if (entry.handle == 0) {
    shim_unlock();
    return (int)syscall(is_data ? SYS_fdatasync : SYS_fsync, descriptor);
  }
  uint64_t number = shim_next_number();
  shim_record(KIND_SYNC, (uint32_t)is_data, entry.handle, number, 0, NULL, 0, NULL, 0);
  shim_unlock();
  int code = shim_fault(OP_SYNC, entry.path, NULL);
  if (code == 0 && syscall(is_data ? SYS_fdatasync : SYS_fsync, descriptor) != 0) code = errno;
  shim_lock();
  shim_record(code ? KIND_SYNC_FAILED : KIND_SYNC_DONE, (uint32_t)code, entry.handle, number, 0, NULL, 0, NULL, 0);
  shim_unlock();
  return code != 0 ? failing(code) : 0;
}
int fsync(int descriptor) { return synced(descriptor, 0); }
int fdatasync(int descriptor) { return synced(descriptor, 1); }

/* What the program does not use, or only for what is not data. Were it to begin, this says so. */

static void unknown(int descriptor, const char *call) {
  static const char lock_file[] = "lock.mdb";
  const char *path = shim_opened(descriptor).path;
  if (shim_opened(descriptor).handle == 0 || path == NULL) return;
  size_t length = strlen(path);
  if (length >= sizeof lock_file - 1 && strcmp(path + length - (sizeof lock_file - 1), lock_file) == 0) return;
  static const char text[] = " changes a file in a way that the disk shim does not know\n";
  if (syscall(SYS_write, 2, call, strlen(call)) < 0 || syscall(SYS_write, 2, text, sizeof text - 1) < 0) abort();
  abort();
}
int sync_file_range(int descriptor, off_t offset, off_t count, unsigned flags) {
  REAL(int, sync_file_range, int, off_t, off_t, unsigned);
  unknown(descriptor, "sync_file_range");
  return real(descriptor, offset, count, flags);
}
int fallocate(int descriptor, int mode, off_t offset, off_t count) {
  REAL(int, fallocate, int, int, off_t, off_t);
  unknown(descriptor, "fallocate");
  return real(descriptor, mode, offset, count);
}
int posix_fallocate(int descriptor, off_t offset, off_t count) {
  REAL(int, posix_fallocate, int, off_t, off_t);
  unknown(descriptor, "posix_fallocate");
  return real(descriptor, offset, count);
}
ssize_t sendfile(int to, int from, off_t *offset, size_t count) {
  REAL(ssize_t, sendfile, int, int, off_t *, size_t);
  unknown(to, "sendfile");
  return real(to, from, offset, count);
}
ssize_t copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t count, unsigned flags) {
  REAL(ssize_t, copy_file_range, int, off_t *, int, off_t *, size_t, unsigned);
  unknown(to, "copy_file_range");
  return real(from, from_offset, to, to_offset, count, flags);
}

static void *mapped(void *address, size_t count, int protection, int flags, int descriptor, off_t offset) {
  struct opened entry = descriptor < 0 ? (struct opened){ 0 } : shim_opened(descriptor);
  if (entry.handle != 0 && !entry.is_connection) {
    int is_shared = (flags & MAP_TYPE) == MAP_SHARED || (flags & MAP_TYPE) == MAP_SHARED_VALIDATE;
    if (is_shared && protection & PROT_WRITE) unknown(descriptor, "mmap");
    int code = shim_fault(OP_MAP, entry.path, NULL);
    if (code != 0) {
      errno = code;
      return MAP_FAILED;
    }
  }
  return (void *)syscall(SYS_mmap, address, count, protection, flags, descriptor, offset);
}
void *mmap(void *address, size_t count, int protection, int flags, int descriptor, off_t offset) {
  return mapped(address, count, protection, flags, descriptor, offset);
}
void *mmap64(void *address, size_t count, int protection, int flags, int descriptor, off_t offset) {
  return mapped(address, count, protection, flags, descriptor, offset);
}

/* Sizes and names. */

int ftruncate(int descriptor, off_t size) {
  struct opened entry = shim_opened(descriptor);
  if (entry.handle == 0) return (int)syscall(SYS_ftruncate, descriptor, size);
  int code = shim_fault(OP_TRUNCATE, entry.path, NULL);
  if (code != 0) return failing(code);
  shim_lock();
  int result = (int)syscall(SYS_ftruncate, descriptor, size), error = errno;
  if (result == 0) shim_record(KIND_TRUNCATE, 0, entry.handle, shim_next_number(), (uint64_t)size, NULL, 0, NULL, 0);
  shim_unlock();
  errno = error;
  return result;
}
int ftruncate64(int descriptor, off_t size) { return ftruncate(descriptor, size); }

/* A call on one name or two; what is entered is what was done. */
static int renamed(enum kind kind, enum operation operation, long call, int from_directory, const char *from,
  int to_directory, const char *to, long flags) {
  char from_path[PATH_MAX], to_path[PATH_MAX] = "";
  int is_ours = shim_resolve(from_directory, from, from_path);
  int is_to_ours = to != NULL && shim_resolve(to_directory, to, to_path);
  int code = is_ours ? shim_fault(operation, from_path, NULL) : 0;
  if (code != 0) return failing(code);
  shim_lock();
  int result = (int)(to != NULL ? syscall(call, from_directory, from, to_directory, to, flags)
                                : syscall(call, from_directory, from, flags)),
      error = errno;
  if (result == 0 && (is_ours || is_to_ours))
    shim_record(kind, 0, 0, 0, 0, from_path, strlen(from_path) + 1, to_path, to == NULL ? 0 : strlen(to_path) + 1);
  shim_unlock();
  errno = error;
  return result;
}
int rename(const char *from, const char *to) {
  return renamed(KIND_RENAME, OP_RENAME, SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
int renameat(int from_directory, const char *from, int to_directory, const char *to) {
  return renamed(KIND_RENAME, OP_RENAME, SYS_renameat2, from_directory, from, to_directory, to, 0);
}
int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
  return renamed(KIND_RENAME, OP_RENAME, SYS_renameat2, from_directory, from, to_directory, to, (long)flags);
}
int link(const char *from, const char *to) {
  return renamed(KIND_LINK, OP_LINK, SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}
int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags) {
  return renamed(KIND_LINK, OP_LINK, SYS_linkat, from_directory, from, to_directory, to, flags);
}
int unlink(const char *path) { return renamed(KIND_UNLINK, OP_UNLINK, SYS_unlinkat, AT_FDCWD, path, 0, NULL, 0); }
int unlinkat(int directory, const char *path, int flags) {
  return renamed(flags & AT_REMOVEDIR ? KIND_RMDIR : KIND_UNLINK, OP_UNLINK, SYS_unlinkat, directory, path, 0, NULL, flags);
}
int rmdir(const char *path) {
  return renamed(KIND_RMDIR, OP_UNLINK, SYS_unlinkat, AT_FDCWD, path, 0, NULL, AT_REMOVEDIR);
}
int remove(const char *path) {
  struct stat status;
  int is_directory = lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
  return is_directory ? rmdir(path) : unlink(path);
}
int mkdir(const char *path, mode_t mode) {
  return renamed(KIND_MKDIR, OP_MKDIR, SYS_mkdirat, AT_FDCWD, path, 0, NULL, (long)mode);
}
int mkdirat(int directory, const char *path, mode_t mode) {
  return renamed(KIND_MKDIR, OP_MKDIR, SYS_mkdirat, directory, path, 0, NULL, (long)mode);
}
char *mkdtemp(char *template) {
  size_t length = strlen(template);
  static _Atomic unsigned counter;
  for (int attempt = 0; attempt < 1000; attempt++) {
    unsigned value = (unsigned)getpid() * 1000003u + counter++;
    for (int index = 0; index < 6; index++, value /= 26) template[length - 6 + (size_t)index] = (char)('a' + value % 26);
    if (mkdir(template, 0700) == 0) return template;
    if (errno != EEXIST) return NULL;
  }
  return NULL;
}

/* Room and time. */

int statvfs(const char *path, struct statvfs *status) {
  REAL(int, statvfs, const char *, struct statvfs *);
  char resolved[PATH_MAX];
  int result = real(path, status);
  int code = shim_resolve(AT_FDCWD, path, resolved) ? shim_fault(OP_SPACE, resolved, NULL) : 0;
  if (code == ENOSPC && result == 0) status->f_bavail = 0;
  else if (code != 0) return failing(code);
  return result;
}

static const volatile int64_t *clock_offset(void) {
  static const volatile int64_t *offset;
  static const int64_t none = 0;
  if (offset != NULL) return offset;
  const char *path = getenv("PINVAULT_DISK_CLOCK");
  int file = path == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  void *map = file < 0 ? MAP_FAILED : (void *)syscall(SYS_mmap, NULL, 8, PROT_READ, MAP_SHARED, file, 0);
  if (file >= 0) syscall(SYS_close, file);
  return offset = map == MAP_FAILED ? &none : map;
}
int clock_gettime(clockid_t clock, struct timespec *time) {
  REAL(int, clock_gettime, clockid_t, struct timespec *);
  int result = real(clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += (time_t)*clock_offset();
  return result;
}
