// Descriptors that outlive or do not outlive exec, and files opened without following anything.
#pragma once

#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

// close_range(2), Linux 5.11 for the flag: no wrapper before glibc 2.34, hidden from Swift since. The flag is
// CLOSE_RANGE_CLOEXEC: closing now would take away descriptors the runtime itself may hold.
static inline int dvm_close_on_exec_from(unsigned int first) {
    return (int)syscall(SYS_close_range, first, ~0U, 1U << 2);
}

// memfd_create(2): a GNU extension. MFD_ALLOW_SEALING, and not MFD_CLOEXEC: these files are made to be inherited.
static inline int dvm_memory_file(const char *name) { return (int)syscall(SYS_memfd_create, name, 2U); }

// F_ADD_SEALS is a GNU extension: no seal may be removed, and no byte written, added or cut off any more.
static inline int dvm_seal(int file) { return fcntl(file, 1033, 0x1 | 0x2 | 0x4 | 0x8); }

// F_SETPIPE_SZ is a GNU extension; the kernel may let a pipe hold less.
static inline int dvm_widen_pipe(int pipe, int bytes) { return fcntl(pipe, 1031, bytes); }

// openat2(2): a file directly below a directory, for reading, never through a link, and without waiting for the other end
// of a pipe that was put in its place (O_NONBLOCK | O_NOCTTY).
static inline int dvm_open_plain(int directory, const char *path) {
    struct {
        uint64_t flags, mode, resolve;
    } how = {O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0, 0x02 | 0x04 | 0x08 /* BENEATH */};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

// openat2(2), Linux 5.6: no wrapper in glibc. The directory at a path that has no symbolic link in any of its parts.
static inline int dvm_pin_directory(const char *path) {
    struct {
        uint64_t flags, mode, resolve;
    } how = {010000000 | O_DIRECTORY | O_CLOEXEC, 0, 0x02 /* NO_MAGICLINKS */ | 0x04 /* NO_SYMLINKS */};
    return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

// openat2(2): something below a directory, reached without a single link and without leaving the directory (RESOLVE_BENEATH,
// RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS). With O_NOFOLLOW and O_PATH a link at the end is what is opened.
static inline int dvm_open_beneath(int directory, const char *path, int flags) {
    struct {
        uint64_t flags, mode, resolve;
    } how = {(uint64_t)(flags | O_CLOEXEC), 0, 0x08 | 0x04 | 0x02};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

// The same, with links followed as long as they stay below the directory: for the owner of the files only.
static inline int dvm_open_within(int directory, const char *path, int flags) {
    struct {
        uint64_t flags, mode, resolve;
    } how = {(uint64_t)(flags | O_CLOEXEC), 0, 0x08 | 0x02};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

// renameat2(2) with RENAME_NOREPLACE: both names in one directory, and the new one must not be taken.
static inline int dvm_rename_new(int directory, const char *old, const char *new) {
    return (int)syscall(SYS_renameat2, directory, old, directory, new, 1U);
}

// sendmsg(2), recvmsg(2) with SCM_RIGHTS: exactly so many descriptors, at most three, in one message of one byte. Received
// ones are close-on-exec; any other number of them is an error, and they are closed.
int dvm_send_descriptors(int socket, const int *descriptors, int count);
int dvm_receive_descriptors(int socket, int *descriptors, int count);
