#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "CLinux.h"

enum { MOST = 3 };

union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(MOST * sizeof(int))];
};

int dvm_send_descriptors(int socket, const int *descriptors, int count) {
    char byte = 0;
    union control control = {0};
    struct iovec part = {&byte, 1};
    if (count < 1 || count > MOST) {
        errno = EINVAL;
        return -1;
    }
    size_t size = (size_t)count * sizeof(int);
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = CMSG_SPACE(size)};
    control.header = (struct cmsghdr){CMSG_LEN(size), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), descriptors, size);
    return sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int dvm_receive_descriptors(int socket, int *descriptors, int count) {
    char byte;
    union control control = {0};
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    ssize_t received;
    do received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (received == -1 && errno == EINTR);
    if (received == -1) return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int came = 0;
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        came = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    if (came == count && !(message.msg_flags & MSG_CTRUNC)) {
        memcpy(descriptors, CMSG_DATA(header), (size_t)count * sizeof(int));
        return 0;
    }
    // Whoever sends other than agreed does not leave us with descriptors nobody closes.
    for (int index = 0; index < came && index < MOST; index++) {
        int stray;
        memcpy(&stray, CMSG_DATA(header) + (size_t)index * sizeof(int), sizeof stray);
        close(stray);
    }
    errno = received == 0 ? ECONNRESET : EPROTO;
    return -1;
}
