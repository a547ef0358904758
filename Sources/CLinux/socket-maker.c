#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "CLinux.h"

union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
};

// Answers a byte, and with it a socket where one could be made.
static void answer(int requests, int made) {
    char byte = 0;
    union control control = {0};
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (made != -1) {
        message.msg_control = control.space;
        message.msg_controllen = sizeof control.space;
        control.header = (struct cmsghdr){CMSG_LEN(sizeof made), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), &made, sizeof made);
    }
    if (sendmsg(requests, &message, MSG_NOSIGNAL) == -1) _exit(1);
}

static void make_sockets(int requests, uid_t uid, gid_t gid) {
    // Dropping the user takes every capability along, and forgets who is to be told of the parent's death: so in this
    // order. The stream ends with the parent in any case.
    if (setgroups(0, NULL) == -1 || setresgid(gid, gid, gid) == -1 || setresuid(uid, uid, uid) == -1) _exit(1);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 || prctl(PR_SET_PDEATHSIG, SIGKILL) == -1) _exit(1);
    if (prctl(PR_SET_DUMPABLE, 0) == -1) _exit(1);
    char family;
    while (read(requests, &family, 1) == 1) {
        int made = dvm_tcp_socket(family == 6);
        answer(requests, made);
        if (made != -1) close(made);
    }
    _exit(0);
}

// In C, because Swift cannot run in a forked child.
int dvm_start_socket_maker(uid_t uid, gid_t gid) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1) return -1;
    pid_t child = fork();
    if (child == 0) {
        if (dup2(ends[1], 0) == -1) _exit(1);
        // Nothing else of the parent's: neither its listeners nor what it reports to.
        syscall(SYS_close_range, 1U, ~0U, 0U);
        make_sockets(0, uid, gid);
    }
    int error = errno;
    close(ends[1]);
    if (child == -1) close(ends[0]);
    errno = error;
    return child == -1 ? -1 : ends[0];
}

int dvm_request_socket(int maker, int ipv6) {
    char byte = ipv6 ? 6 : 4;
    union control control = {0};
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    if (send(maker, &byte, 1, MSG_NOSIGNAL) != 1) return -1;
    if (recvmsg(maker, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int))) {
        errno = EMFILE;
        return -1;
    }
    int made;
    memcpy(&made, CMSG_DATA(header), sizeof made);
    return made;
}
