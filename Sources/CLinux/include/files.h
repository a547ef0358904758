// Files reached by descriptor, and their extended attributes: GNU extensions and calls without a wrapper in glibc.
#pragma once

#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

// openat2(2), Linux 5.6: no wrapper in glibc. Something below a directory, reached through no link, and never leading out
// of the directory. One that lies behind a mount point, a bind mount of the same disk included, is not opened when
// `one_mount` is set (RESOLVE_NO_XDEV).
static inline int dvm_open_below(int directory, const char *path, int flags, int one_mount) {
    struct {
        uint64_t flags, mode, resolve;
    } how = {(uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW), 0, 0x02 /* NO_MAGICLINKS */ | 0x04 /* NO_SYMLINKS */};
    // BENEATH refuses absolute paths too, with EXDEV.
    how.resolve |= 0x08 | (one_mount ? 0x01 : 0);
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

// fallocate(2): a GNU extension. Room behind the end of a file, which stays where it is (FALLOC_FL_KEEP_SIZE).
static inline int dvm_reserve(int file, int64_t from, int64_t length) {
    return (int)syscall(SYS_fallocate, file, 0x01, from, length);
}

// getdents64(2): its struct is hidden behind _GNU_SOURCE. Answers how many bytes of entries there are.
static inline ssize_t dvm_read_entries(int directory, void *buffer, size_t size) {
    return syscall(SYS_getdents64, directory, buffer, size);
}

// The parts of a `struct linux_dirent64`, which begins with two numbers of 8 bytes and its length in 2.
static inline unsigned int dvm_entry_length(const unsigned char *entry) { return entry[16] | (unsigned int)entry[17] << 8; }
static inline unsigned char dvm_entry_type(const unsigned char *entry) { return entry[18]; }
static inline const char *dvm_entry_name(const unsigned char *entry) { return (const char *)entry + 19; }

// fgetxattr(2), fsetxattr(2), which do not take descriptors opened with O_PATH. The name of such a one below /proc means
// just the descriptor, and follows no link.
static inline ssize_t dvm_get_attribute(int file, const char *name, void *value, size_t size) {
    ssize_t count = fgetxattr(file, name, value, size);
    if (count != -1 || errno != EBADF) return count;
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return getxattr(path, name, value, size);
}
// Whether the name a file was opened by still is one of its names. A name that was removed is never that of the
// descriptor again, even when another link takes its place: the kernel says so behind the path (proc_pid_fd(5)). A file
// that is really called so counts as removed. `descriptors` is /proc/self/fd: asked for a hundred thousand files, the way
// there by name was a third of the answer's price.
static inline int dvm_is_named(int descriptors, int file) {
    static const char removed[] = " (deleted)";
    const size_t end = sizeof removed - 1;
    char link[16], path[4096];
    snprintf(link, sizeof link, "%d", file);
    const ssize_t count = readlinkat(descriptors, link, path, sizeof path);
    if (count <= 0 || count == sizeof path) return 0;
    return (size_t)count < end || memcmp(path + count - end, removed, end) != 0;
}

static inline int dvm_set_attribute(int file, const char *name, const void *value, size_t size) {
    int answer = fsetxattr(file, name, value, size, 0);
    if (answer != -1 || errno != EBADF) return answer;
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return setxattr(path, name, value, size, 0);
}
static inline int dvm_remove_attribute(int file, const char *name) { return fremovexattr(file, name); }

// The attribute of a file in the current directory; of a link itself.
static inline ssize_t dvm_get_attribute_here(const char *file, const char *name, void *value, size_t size) {
    return lgetxattr(file, name, value, size);
}
