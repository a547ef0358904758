// Network namespaces and sockets: constants that the static standard library does not export, and addresses without the
// pointer casts of struct sockaddr.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

// unshare(2), setns(2) and CLONE_NEWNET are GNU extensions.
static inline int dvm_unshare_network(void) { return (int)syscall(SYS_unshare, 0x40000000); }
static inline int dvm_enter_network(int namespace) { return (int)syscall(SYS_setns, namespace, 0x40000000); }

// One end of a connection. IPv4 is ::ffff:a.b.c.d; the port is in the host's order.
struct dvm_endpoint {
    uint8_t address[16];
    uint16_t port;
};

// Sockets are close-on-exec and never wait. A socket belongs to the network namespace it was made in, for good.
int dvm_tcp_socket(int ipv6);
int dvm_udp_socket(int ipv6);
// An IPv6 listener takes IPv4 too when `both`.
int dvm_tcp_listener(const struct dvm_endpoint *at, int both);
int dvm_udp_bound(const struct dvm_endpoint *at);
int dvm_accept(int listener);
// 0 when connected, -1 with EINPROGRESS while that is going on.
int dvm_connect(int socket, const struct dvm_endpoint *to);
int dvm_own_end(int socket, struct dvm_endpoint *into);
// What became of a connect that was going on: 0, or an errno.
int dvm_socket_error(int socket);
ssize_t dvm_receive_from(int socket, void *into, size_t size, struct dvm_endpoint *from);
ssize_t dvm_send_to(int socket, const void *bytes, size_t size, const struct dvm_endpoint *to);
// Says that nothing more comes, keeping the other direction.
int dvm_end_writing(int socket);
// Has the other side see a failure instead of an end when the socket is closed.
void dvm_reset_on_close(int socket);

// Brings the loopback of the caller's namespace up.
int dvm_raise_loopback(void);
// Gives the loopback one more address.
int dvm_add_loopback_address(const struct dvm_endpoint *address);

enum dvm_route { DVM_ROUTE_LOCAL, DVM_ROUTE_PROHIBITED };
// Adds a route for a prefix in the caller's namespace: to its own loopback, or to nowhere with EACCES. The address of a
// local one is what connections come from.
int dvm_add_route(const struct dvm_endpoint *prefix, int length, enum dvm_route kind, const struct dvm_endpoint *source);

// Has every TCP connection to an address that is neither loopback's nor `own` arrive at this listener, whatever its port,
// in the caller's namespace. Lasts as long as the descriptor that is answered; without it they are refused.
int dvm_steer(int listener, const struct dvm_endpoint *own);

// Starts a process that makes TCP sockets in the caller's namespace, which the caller is about to leave, as an ordinary
// user. Answers a stream socket for dvm_request_socket; the process ends with the caller.
int dvm_start_socket_maker(uid_t uid, gid_t gid);
int dvm_request_socket(int maker, int ipv6);

// Raises the soft limit of open files as far as the hard one lets it.
int dvm_allow_files(unsigned long count);
// prctl(2): others of the same user may neither trace this process nor read its memory.
int dvm_forbid_inspection(void);
// prctl(2): puts the calling thread, which forbids new privileges, under a filter of some instructions for good.
int dvm_load_filter(const void *instructions, uint16_t count);
