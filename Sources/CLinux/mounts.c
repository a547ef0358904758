#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static int write_map(pid_t child, const char *file, unsigned int owner, unsigned int shown) {
    char path[64], line[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)child, file);
    int size = snprintf(line, sizeof line, "%u %u 1\n", owner, shown);
    int map = open(path, O_WRONLY | O_CLOEXEC);
    if (map == -1) return -1;
    // One write: the kernel takes a map once and whole.
    int written = (int)write(map, line, (size_t)size);
    int error = errno;
    close(map);
    errno = error;
    return written == size ? 0 : -1;
}

int dvm_user_namespace(uid_t owner, uid_t shown, gid_t owner_group, gid_t shown_group) {
    // The child is born in the new namespace, so there is nothing to wait for before its maps are written.
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == -1) return -1;
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) pause();
    }
    int namespace = -1;
    if (write_map(child, "uid_map", owner, shown) == 0 && write_map(child, "gid_map", owner_group, shown_group) == 0) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/ns/user", (int)child);
        namespace = open(path, O_RDONLY | O_CLOEXEC);
    }
    int error = errno;
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) == -1 && errno == EINTR) {}
    errno = error;
    return namespace;
}
