#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "CLinux.h"

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

static int is_v4(const struct dvm_endpoint *end) { return memcmp(end->address, v4_prefix, 12) == 0; }

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t encode(const struct dvm_endpoint *end, int v6, union address *address) {
    memset(address, 0, sizeof *address);
    if (!v6) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons(end->port);
        memcpy(&address->v4.sin_addr, end->address + 12, 4);
        return sizeof address->v4;
    }
    address->v6.sin6_family = AF_INET6;
    address->v6.sin6_port = htons(end->port);
    memcpy(&address->v6.sin6_addr, end->address, 16);
    return sizeof address->v6;
}

static void decode(const union address *address, struct dvm_endpoint *end) {
    if (address->any.sa_family == AF_INET) {
        memcpy(end->address, v4_prefix, 12);
        memcpy(end->address + 12, &address->v4.sin_addr, 4);
        end->port = ntohs(address->v4.sin_port);
    } else {
        memcpy(end->address, &address->v6.sin6_addr, 16);
        end->port = ntohs(address->v6.sin6_port);
    }
}

// Closes a descriptor without losing the reason for it.
static int fail(int descriptor) {
    int error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

int dvm_tcp_socket(int ipv6) {
    int made = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made == -1) return -1;
    int on = 1;
    // A peer that vanished without a word is noticed; small writes of an interactive stream are not held back.
    setsockopt(made, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return made;
}

int dvm_udp_socket(int ipv6) {
    return socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int dvm_tcp_listener(const struct dvm_endpoint *at, int both) {
    union address address;
    int v6 = both || !is_v4(at), on = 1, only = !both;
    socklen_t size = encode(at, v6, &address);
    int made = dvm_tcp_socket(v6);
    if (made == -1) return -1;
    if (setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1) return fail(made);
    if (v6 && setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) == -1) return fail(made);
    if (bind(made, &address.any, size) == -1 || listen(made, 128) == -1) return fail(made);
    return made;
}

int dvm_udp_bound(const struct dvm_endpoint *at) {
    union address address;
    socklen_t size = encode(at, !is_v4(at), &address);
    int made = dvm_udp_socket(!is_v4(at));
    if (made == -1) return -1;
    return bind(made, &address.any, size) == -1 ? fail(made) : made;
}

int dvm_accept(int listener) {
    int made = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int on = 1;
    if (made != -1) setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return made;
}

int dvm_connect(int socket, const struct dvm_endpoint *to) {
    union address address;
    socklen_t size = encode(to, !is_v4(to), &address);
    return connect(socket, &address.any, size);
}

int dvm_own_end(int socket, struct dvm_endpoint *into) {
    union address address;
    socklen_t size = sizeof address;
    if (getsockname(socket, &address.any, &size) == -1) return -1;
    decode(&address, into);
    return 0;
}

int dvm_socket_error(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == -1 ? errno : error;
}

ssize_t dvm_receive_from(int socket, void *into, size_t size, struct dvm_endpoint *from) {
    union address address;
    socklen_t length = sizeof address;
    ssize_t count = recvfrom(socket, into, size, MSG_DONTWAIT, &address.any, &length);
    if (count >= 0) decode(&address, from);
    return count;
}

ssize_t dvm_send_to(int socket, const void *bytes, size_t size, const struct dvm_endpoint *to) {
    union address address;
    socklen_t length = encode(to, !is_v4(to), &address);
    return sendto(socket, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL, &address.any, length);
}

int dvm_end_writing(int socket) { return shutdown(socket, SHUT_WR); }

void dvm_reset_on_close(int socket) {
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

int dvm_raise_loopback(void) {
    int control = dvm_udp_socket(0);
    if (control == -1) return -1;
    struct ifreq request = {.ifr_name = "lo"};
    if (ioctl(control, SIOCGIFFLAGS, &request) == -1) return fail(control);
    request.ifr_flags |= IFF_UP;
    if (ioctl(control, SIOCSIFFLAGS, &request) == -1) return fail(control);
    return close(control);
}

// A request to rtnetlink(7) with room for three attributes of 16 bytes.
struct request {
    struct nlmsghdr header;
    union {
        struct rtmsg route;
        struct ifaddrmsg address;
    } body;
    char attributes[3 * RTA_SPACE(16)];
};

static void attach(struct request *request, unsigned short type, const void *value, size_t size) {
    struct rtattr *attribute = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
    attribute->rta_type = type;
    attribute->rta_len = (unsigned short)RTA_LENGTH(size);
    memcpy(RTA_DATA(attribute), value, size);
    request->header.nlmsg_len = (unsigned)(NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len));
}

static void attach_address(struct request *request, unsigned short type, const struct dvm_endpoint *end) {
    if (is_v4(end)) attach(request, type, end->address + 12, 4);
    else attach(request, type, end->address, 16);
}

static int ask(struct request *request) {
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (netlink == -1) return -1;
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        char rest[sizeof *request];
    } answer;
    request->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
    if (send(netlink, request, request->header.nlmsg_len, 0) == -1) return fail(netlink);
    ssize_t count = recv(netlink, &answer, sizeof answer, 0);
    if (count == -1) return fail(netlink);
    close(netlink);
    if (count < (ssize_t)NLMSG_LENGTH(sizeof answer.error) || answer.header.nlmsg_type != NLMSG_ERROR) {
        errno = EPROTO;
        return -1;
    }
    errno = -answer.error.error;
    return answer.error.error == 0 ? 0 : -1;
}

int dvm_add_loopback_address(const struct dvm_endpoint *address) {
    struct request request = {.header = {.nlmsg_type = RTM_NEWADDR, .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg))}};
    request.body.address.ifa_family = is_v4(address) ? AF_INET : AF_INET6;
    request.body.address.ifa_prefixlen = is_v4(address) ? 32 : 128;
    // No other host can have it: there is nobody to ask.
    request.body.address.ifa_flags = IFA_F_NODAD;
    request.body.address.ifa_index = if_nametoindex("lo");
    attach_address(&request, IFA_LOCAL, address);
    attach_address(&request, IFA_ADDRESS, address);
    return ask(&request);
}

int dvm_add_route(const struct dvm_endpoint *prefix, int length, enum dvm_route kind, const struct dvm_endpoint *source) {
    struct request request = {.header = {.nlmsg_type = RTM_NEWROUTE, .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg))}};
    int local = kind == DVM_ROUTE_LOCAL;
    request.body.route = (struct rtmsg){
        .rtm_family = is_v4(prefix) ? AF_INET : AF_INET6,
        .rtm_dst_len = (unsigned char)length,
        .rtm_table = RT_TABLE_MAIN,
        .rtm_protocol = RTPROT_STATIC,
        .rtm_scope = local ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE,
        .rtm_type = local ? RTN_LOCAL : RTN_PROHIBIT,
    };
    if (length > 0) attach_address(&request, RTA_DST, prefix);
    if (local) {
        int loopback = (int)if_nametoindex("lo");
        attach(&request, RTA_OIF, &loopback, sizeof loopback);
        attach_address(&request, RTA_PREFSRC, source);
    }
    return ask(&request);
}

int dvm_allow_files(unsigned long count) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1) return -1;
    limit.rlim_cur = count < limit.rlim_max ? count : limit.rlim_max;
    limit.rlim_max = limit.rlim_cur;
    return setrlimit(RLIMIT_NOFILE, &limit);
}

int dvm_forbid_inspection(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

int dvm_load_filter(const void *instructions, uint16_t count) {
    struct sock_fprog program = {count, (struct sock_filter *)(uintptr_t)instructions};
    return prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, &program, 0, 0);
}
