// Processes and their descriptors: calls that Swift's Glibc module leaves out.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// pidfd_open(2): no wrapper before glibc 2.36. The descriptor is close-on-exec by itself.
static inline int dvm_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

// pipe2(2): a GNU extension, hidden from Swift.
static inline int dvm_pipe(int ends[2]) {
    extern int pipe2(int[2], int);
    return pipe2(ends, O_CLOEXEC);
}

// posix_openpt(3), ptsname_r(3): hidden behind _XOPEN_SOURCE and _GNU_SOURCE. TIOCGPTPEER opens the slave of a master
// without looking its name up, so no other devpts can be meant (Linux 4.13).
static inline int dvm_pty_master(void) { return open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC); }
static inline int dvm_pty_slave(int master) {
    int locked = 0;
    if (ioctl(master, TIOCSPTLCK, &locked) == -1) return -1;
    return ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

// ioctl(2) is variadic, which Swift does not import.
static inline int dvm_set_window_size(int terminal, unsigned short rows, unsigned short columns, unsigned short width,
                                      unsigned short height) {
    struct winsize size = {rows, columns, width, height};
    return ioctl(terminal, TIOCSWINSZ, &size);
}
static inline int dvm_get_window_size(int terminal, struct winsize *size) { return ioctl(terminal, TIOCGWINSZ, size); }

// SO_PEERCRED: struct ucred is a GNU extension. Answers the uid of the process that connected.
static inline int dvm_peer_uid(int socket, uid_t *uid) {
    struct {
        pid_t pid;
        uid_t uid;
        gid_t gid;
    } peer;
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == -1) return -1;
    *uid = peer.uid;
    return 0;
}

// dl_iterate_phdr(3): a GNU extension. Copies the build id note of the running executable; answers its length, 0 if none.
size_t dvm_build_id(unsigned char *into, size_t size);

// PR_SET_CHILD_SUBREAPER: what a child of ours leaves behind becomes our child, and can be found and ended.
static inline int dvm_adopt_orphans(void) {
    extern int prctl(int, ...);
    return prctl(36, 1UL, 0UL, 0UL, 0UL);
}

// syncfs(2): a GNU extension.
static inline int dvm_flush_file_system(int file) {
    extern int syncfs(int);
    return syncfs(file);
}

// statfs(2): its magic numbers are in a header of the kernel's. Whether a directory is in memory: tmpfs or ramfs.
int dvm_is_in_memory(int directory);

// socket(2), socketpair(2): with the static standard library SOCK_STREAM is not exported.
static inline int dvm_unix_socket(void) { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }
static inline int dvm_unix_socket_pair(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

// POSIX_SPAWN_SETSID: glibc 2.26, hidden behind _GNU_SOURCE.
static const int dvm_posix_spawn_setsid = 0x80;

// O_PATH: hidden behind _GNU_SOURCE.
static const int dvm_o_path = 010000000;

// signalfd(2): sys/signalfd.h is not in Swift's Glibc module. Blocks the signals and answers a descriptor to read them
// from as numbers, one struct of 128 bytes each, the number first.
int dvm_signal_descriptor(const int *numbers, int count);
