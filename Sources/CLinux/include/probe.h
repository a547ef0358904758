// Calls that the sandbox's probe makes to see them refused. No program of ours makes them for their effect; most have no
// wrapper in glibc, and those that have are variadic or GNU extensions.
#pragma once

#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// KEYCTL_GET_KEYRING_ID of the session's keyring, not creating one.
static inline long dvm_try_keyctl(void) { return syscall(SYS_keyctl, 0, -3, 0); }
static inline long dvm_try_new_user_namespace(void) { return syscall(SYS_unshare, 0x10000000); }
// Without arguments: EINVAL where the call exists, so that nothing is ever cloned.
static inline long dvm_try_clone3(void) { return syscall(SYS_clone3, 0, 0); }
// By number, with all 64 bits of the family: the kernel looks at 32 of them.
static inline long dvm_try_socket(uint64_t family, int type, int protocol) {
    return syscall(SYS_socket, family, type, protocol);
}
// Without parameters: EFAULT where the call exists.
static inline long dvm_try_io_uring(void) { return syscall(SYS_io_uring_setup, 1, 0); }
static inline long dvm_try_terminal(int terminal, uint64_t request) {
    char argument = 0;
    return syscall(SYS_ioctl, terminal, request, &argument);
}
static inline long dvm_try_mount(const char *target) {
    return syscall(SYS_mount, "none", target, "tmpfs", 0, 0);
}
// PTRACE_SEIZE, which does not stop the process.
static inline long dvm_try_trace(pid_t pid) { return syscall(SYS_ptrace, 0x4206, pid, 0, 0); }
// open(2) with O_CREAT and a mode: a second way to make a setuid file.
static inline long dvm_try_create(const char *path, unsigned int mode) {
    return syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY | O_CLOEXEC, mode);
}
// seccomp(2), SECCOMP_SET_MODE_FILTER: puts this thread under a filter, for good.
static inline long dvm_try_filter(const void *program, unsigned short instructions) {
    struct {
        unsigned short count;
        const void *first;
    } filter = {instructions, program};
    return syscall(SYS_seccomp, 1, 0, &filter);
}
// Any call by number.
static inline long dvm_try_call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d) {
    return syscall(number, a, b, c, d, 0, 0);
}
