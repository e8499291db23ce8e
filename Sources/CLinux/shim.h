// Linux calls that Swift cannot make itself: declared variadic in C, or in headers that its Glibc leaves out.
#pragma once
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

/// Forbids core dumps of this process and attaching to it; 0, or -1 with errno set.
static inline int linux_forbid_dumping(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

/// 1 while the process may be dumped or attached to, 0 when not; -1 with errno set.
static inline int linux_may_be_dumped(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }

// GNU's own, which the headers hide unless all of C is compiled for them.
#include <spawn.h>
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
int memfd_create(const char *name, unsigned int flags);

/// Takes a connection from a listening socket: a descriptor that never waits and that no program started later has; -1 with errno
/// set. Made as it is so that <sys/socket.h> is not included here: whoever does owns its constants, and Swift's Glibc must.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>
long syscall(long number, ...);
static inline int linux_accept(int descriptor) {
  return (int)syscall(SYS_accept4, descriptor, NULL, NULL, O_NONBLOCK | O_CLOEXEC);
}
