// Mount namespaces and the mount calls of Linux 5.2 to 5.12, by number and with our own constants: glibc has them since
// 2.36 only, and its <sys/mount.h> cannot be included together with the kernel's <linux/mount.h>.
#pragma once

#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

// unshare(2) and CLONE_NEWNS are GNU extensions.
static inline int dvm_unshare_mounts(void) { return (int)syscall(SYS_unshare, 0x00020000); }

// open_tree(2): a detached copy of the mount a descriptor lies on, its root at what the descriptor means, without what is
// mounted below (OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, AT_EMPTY_PATH).
static inline int dvm_clone_mount(int file) {
    return (int)syscall(SYS_open_tree, file, "", 1U | O_CLOEXEC | 0x1000U);
}

// mount_setattr(2): nothing on the mount is setuid or a device, and what is mounted below its original later (MS_PRIVATE)
// does not appear on it; on request nothing can be written. With a user namespace (otherwise -1) owners are shown as that
// namespace maps them.
static inline int dvm_restrict_mount(int mount, int read_only, int namespace) {
    struct {
        uint64_t set, clear, propagation, user_namespace;
    } attributes = {0x2 | 0x4, 0, 1 << 18, 0};
    if (read_only) attributes.set |= 0x1;
    if (namespace >= 0) {
        attributes.set |= 0x00100000;
        attributes.user_namespace = (uint64_t)namespace;
    }
    return (int)syscall(SYS_mount_setattr, mount, "", 0x1000U, &attributes, sizeof attributes);
}

// move_mount(2): attaches a detached mount (MOVE_MOUNT_F_EMPTY_PATH).
static inline int dvm_attach_mount(int mount, const char *path) {
    return (int)syscall(SYS_move_mount, mount, "", AT_FDCWD, path, 0x4U);
}

// move_mount(2): attaches a detached mount to what a descriptor means, without a path on either side
// (MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH).
static inline int dvm_attach_mount_to(int mount, int target) {
    return (int)syscall(SYS_move_mount, mount, "", target, "", 0x4U | 0x40U);
}

// move_mount(2): moves what is mounted at a path to what a descriptor means.
static inline int dvm_move_mount_to(const char *path, int target) {
    return (int)syscall(SYS_move_mount, AT_FDCWD, path, target, "", 0x40U);
}

// A user namespace in which exactly one user and one group exist: what belongs to `owner` on disk is shown as `shown`.
// Answers its descriptor, close-on-exec. In C because a process has to live in it while its maps are written, and Swift
// cannot run in a forked child.
int dvm_user_namespace(uid_t owner, uid_t shown, gid_t owner_group, gid_t shown_group);
