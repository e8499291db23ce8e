/* What a process asks of its disk, written down and made to fail: a library to be preloaded (LD_PRELOAD).
 *
 * calls.c stands in for the C library's calls, record.c writes the record, faults.c decides which call fails, steps.c at which
 * the process kills itself. It is steered by the environment:
 *
 *   PINVAULT_DISK_ROOT     the directory, an absolute path without links, whose files are watched; others are left alone
 *   PINVAULT_DISK_RECORD   the file that the record is appended to, outside the root; without it nothing is recorded
 *   PINVAULT_DISK_FAULT    which call fails, see faults.c
 *   PINVAULT_DISK_COUNTDOWN  after how many steps the process kills itself, see steps.c
 *   PINVAULT_DISK_KILL     a file at whose appearing the process kills itself, with signal 9, between two entries: a signal
 *                          from outside may come between a call and its entry
 *   PINVAULT_DISK_CLOCK    a file of 8 bytes, an int64 of the machine: seconds added to the wall clock, read at each look
 *
 * The record is one entry after another, the numbers little-endian:
 *
 *   offset  size  field
 *   0       4     size of the entry, this header included
 *   4       1     kind, below
 *   5       3     zero
 *   8       4     process
 *   12      4     flags of an open; else an errno; else 0
 *   16      8     handle: an open file, counted in its process from 1; a duplicate is the same open file
 *   24      8     number of the write or sync, counted in its process from 1
 *   32      8     offset of a write, size of a truncation
 *   40      ...   bytes of a write or of what was told; a path; two paths, each ended by a zero byte
 *
 * The order of entries is the order of things. A write is entered before it is made, what a client is told before it is
 * sent, and a directory's change after it was made, all under one lock with the call itself. A sync has an entry before
 * and one after: it promises what was entered before its first. So a power cut may come between any two entries.
 */
#ifndef SHIM_H
#define SHIM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum kind {
  KIND_PROCESS = 1,     /* a process begins; its arguments, each ended by a zero byte */
  KIND_OPEN = 2,        /* handle, flags, path */
  KIND_WRITE = 3,       /* handle, number, offset, bytes */
  KIND_WRITE_DONE = 4,  /* of an O_DSYNC or O_SYNC handle: the write with that number is durable */
  KIND_SYNC = 5,        /* handle, number: begins; flags 1 for fdatasync */
  KIND_SYNC_DONE = 6,   /* handle, number */
  KIND_SYNC_FAILED = 7, /* handle, number, errno: what it was to promise may be lost for good */
  KIND_TRUNCATE = 8,    /* handle, size in offset */
  KIND_RENAME = 9,
  KIND_LINK = 10,
  KIND_UNLINK = 11,
  KIND_MKDIR = 12,
  KIND_RMDIR = 13,
  KIND_TOLD = 14,       /* bytes sent to a client; the handle is the connection */
  KIND_FAULT = 15,      /* errno; the call and the path */
  KIND_SHORT = 16,      /* the write with that number was cut to the size in offset */
  KIND_NOTE = 32,       /* written by the script that runs it all: a text */
};

/* The calls that can be made to fail. */
enum operation { OP_OPEN, OP_CREATE, OP_READ, OP_WRITE, OP_SYNC, OP_RENAME, OP_LINK, OP_UNLINK, OP_MKDIR, OP_TRUNCATE,
  OP_MAP, OP_SPACE, OP_COUNT };

/* record.c */
void shim_lock(void);
void shim_unlock(void);
/* Lets the lock go for a call that has been entered, and takes it again; there is no killing in between. */
void shim_unlock_for_call(void);
void shim_lock_after_call(void);
void shim_start(void);
int shim_is_recording(void);
uint64_t shim_next_number(void);
/* Appends one entry of a header and two pieces; the lock is held. */
void shim_record(enum kind kind, uint32_t flags, uint64_t handle, uint64_t number, uint64_t offset, const void *bytes,
  size_t count, const void *more, size_t more_count);
/* The path in the root that a name stands for, in `path` of PATH_MAX bytes; 0 if it is elsewhere. */
int shim_resolve(int directory, const char *name, char *path);

/* The table of descriptors. */
struct opened {
  uint64_t handle; /* 0 for none */
  int flags;       /* of its open */
  int is_connection;
  char *path;      /* shared by duplicates and never freed: there are few */
};
struct opened shim_opened(int descriptor);
void shim_set_opened(int descriptor, struct opened opened);
uint64_t shim_next_handle(void);

/* faults.c: the errno that a call must fail with, or 0; for a write, *count may be cut short. */
int shim_fault(enum operation operation, const char *path, size_t *count);
void shim_start_faults(void);

/* steps.c: before each step. */
void shim_step(void);
void shim_start_steps(void);

#endif
