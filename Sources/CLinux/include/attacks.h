// What the self-test attempts inside the sandbox: calls by number with all 64 bits of every argument, and the attempts
// that need a process, a terminal or a structure of their own. None is made for its effect; one that works is undone by
// the end of the process that made it.
#pragma once

#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

// Any call by number.
static inline long dvm_attack_call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
    return syscall(number, a, b, c, d, e, f);
}

// The name of an errno, such as EPERM; strerrorname_np(3) is a GNU extension of glibc 2.32.
const char *dvm_error_name(int number);

// clone(2) and clone3(2) with these flags; the child ends at once and is waited for.
long dvm_attack_clone(uint64_t flags);
long dvm_attack_clone3(uint64_t flags);

// In a session of its own with a terminal of its own: an ioctl on it with an argument of zeroes. A terminal that is the
// caller's controlling one is what TIOCSTI asks for.
long dvm_attack_own_terminal(uint64_t request);

// A ring is made; its descriptor is the answer.
long dvm_attack_io_uring(void);
// An AF_VSOCK socket made by a ring, which makes calls no filter sees. Answers the descriptor.
long dvm_attack_io_uring_vsock(void);
// bpf(BPF_MAP_CREATE) of an array of one.
long dvm_attack_bpf_map(void);
// perf_event_open(2) of a software counter for this process, kernel excluded.
long dvm_attack_perf_event(void);
// open_by_handle_at(2) with the handle that name_to_handle_at(2) gives for a path.
long dvm_attack_handle(const char *path);
// A value in a security attribute: file capabilities, as setcap(8) writes them.
long dvm_attack_file_capability(const char *path);
// capset(2): every capability in the effective and permitted sets.
long dvm_attack_raise_capabilities(void);
// process_vm_readv(2) of 8 bytes of another process, at the start of its stack as the kernel shows it.
long dvm_attack_read_memory(pid_t pid);

// Connects: to a path, or to an abstract name when the first letter is '@'.
long dvm_attack_connect_unix(const char *name);
// To addresses of either family, all at once, and waits; answers the index of the first that took the connection, or -1
// with the last error, ETIMEDOUT when none answered.
long dvm_attack_connect_tcp(const char *const *addresses, size_t count, uint16_t port, int milliseconds);
// Sends a question for the root's name servers over UDP and waits for any answer.
long dvm_attack_ask_name_server(const char *address, int milliseconds);

// SysV shared memory with a key: made with IPC_CREAT and exclusively, or only looked for. The answer is its id.
long dvm_attack_shared_memory(int key, int create);
int dvm_forget_shared_memory(int key);

#if defined(__x86_64__)
// getpid(2) by int 0x80, in the 32-bit numbering.
long dvm_attack_int80(void);
// getpid(2) in the numbering of x32.
long dvm_attack_x32(void);
#endif

// Numbers of calls. -1 where this architecture does not have one.
#define DVM_CALL(name) static const long dvm_call_##name = SYS_##name;
DVM_CALL(unshare) DVM_CALL(setns) DVM_CALL(mount) DVM_CALL(umount2) DVM_CALL(pivot_root) DVM_CALL(chroot)
DVM_CALL(add_key) DVM_CALL(keyctl) DVM_CALL(request_key) DVM_CALL(ptrace) DVM_CALL(kill) DVM_CALL(acct)
DVM_CALL(init_module) DVM_CALL(finit_module) DVM_CALL(delete_module) DVM_CALL(kexec_load) DVM_CALL(swapon)
DVM_CALL(swapoff) DVM_CALL(reboot) DVM_CALL(syslog) DVM_CALL(sethostname) DVM_CALL(clock_settime) DVM_CALL(userfaultfd)
DVM_CALL(fanotify_init) DVM_CALL(move_pages) DVM_CALL(quotactl) DVM_CALL(socket) DVM_CALL(socketpair) DVM_CALL(setuid)
DVM_CALL(setgroups) DVM_CALL(mknodat) DVM_CALL(fchmodat) DVM_CALL(openat) DVM_CALL(openat2) DVM_CALL(fchownat)
DVM_CALL(setpriority)
#undef DVM_CALL
// The same number everywhere; the headers of glibc 2.36's time have them all, older ones not.
static const long dvm_call_pidfd_open = 434, dvm_call_pidfd_getfd = 438, dvm_call_open_tree = 428,
                  dvm_call_move_mount = 429, dvm_call_fsopen = 430, dvm_call_fspick = 433, dvm_call_mount_setattr = 442,
                  dvm_call_quotactl_fd = 443, dvm_call_io_uring_register = 427, dvm_call_lsm_set_self_attr = 460,
                  dvm_call_open_tree_attr = 467, dvm_call_fchmodat2 = 452;
#ifdef SYS_kexec_file_load
static const long dvm_call_kexec_file_load = SYS_kexec_file_load;
#else
static const long dvm_call_kexec_file_load = -1;
#endif
#if defined(__x86_64__)
static const long dvm_call_iopl = SYS_iopl, dvm_call_ioperm = SYS_ioperm, dvm_call_modify_ldt = SYS_modify_ldt;
#endif

// Listening sockets outside the sandbox, for attacks to find: at a path or an abstract name ('@'), and on an address,
// with a port the kernel chooses where it is 0. The descriptor is the answer.
int dvm_listen_unix(const char *name);
int dvm_listen_tcp(const char *address, uint16_t *port);
// Whether a socket can have this address, which is then the caller's own and nobody else's.
int dvm_is_own_address(const char *address);
// This machine's own addresses but for its loopback's, a line each; answers their length.
long dvm_own_addresses(char *into, size_t size);
