#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>

const char *dvm_error_name(int number) {
    const char *name = strerrorname_np(number);
    return name ? name : "unknown";
}

static long wait_for(pid_t child) {
    while (waitpid(child, NULL, 0) == -1 && errno == EINTR) {}
    return child;
}

long dvm_attack_clone(uint64_t flags) {
    long child = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0) _exit(0);
    return child == -1 ? -1 : wait_for((pid_t)child);
}

long dvm_attack_clone3(uint64_t flags) {
    uint64_t arguments[8] = {flags, 0, 0, 0, SIGCHLD, 0, 0, 0};
    long child = syscall(SYS_clone3, arguments, sizeof arguments);
    if (child == 0) _exit(0);
    return child == -1 ? -1 : wait_for((pid_t)child);
}

long dvm_attack_own_terminal(uint64_t request) {
    // A leader of a session cannot lead another one; a child can, and its status is the answer.
    int answer[2];
    if (pipe(answer) == -1) return -1;
    pid_t child = fork();
    if (child == -1) return -1;
    if (child == 0) {
        int error = 0;
        int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
        int unlocked = 0;
        setsid();
        if (master == -1 || ioctl(master, TIOCSPTLCK, &unlocked) == -1) error = errno;
        int slave = error ? -1 : ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (!error && (slave == -1 || ioctl(slave, TIOCSCTTY, 0) == -1)) error = errno;
        char argument[64] = {0};
        if (!error && syscall(SYS_ioctl, slave, request, argument) == -1) error = errno;
        if (write(answer[1], &error, sizeof error) != sizeof error) _exit(1);
        _exit(0);
    }
    close(answer[1]);
    int error = EIO;
    ssize_t size = read(answer[0], &error, sizeof error);
    close(answer[0]);
    wait_for(child);
    if (size != sizeof error) error = EIO;
    errno = error;
    return error ? -1 : 0;
}

long dvm_attack_io_uring(void) {
    struct io_uring_params parameters = {0};
    return syscall(SYS_io_uring_setup, 2, &parameters);
}

long dvm_attack_io_uring_vsock(void) {
    struct io_uring_params parameters = {0};
    long ring = syscall(SYS_io_uring_setup, 2, &parameters);
    if (ring == -1) return -1;
    size_t sent_size = parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned);
    size_t done_size = parameters.cq_off.cqes + parameters.cq_entries * sizeof(struct io_uring_cqe);
    char *sent = mmap(NULL, sent_size, PROT_READ | PROT_WRITE, MAP_SHARED, (int)ring, IORING_OFF_SQ_RING);
    char *done = mmap(NULL, done_size, PROT_READ | PROT_WRITE, MAP_SHARED, (int)ring, IORING_OFF_CQ_RING);
    struct io_uring_sqe *entries = mmap(NULL, parameters.sq_entries * sizeof *entries, PROT_READ | PROT_WRITE,
                                        MAP_SHARED, (int)ring, IORING_OFF_SQES);
    if (sent == MAP_FAILED || done == MAP_FAILED || entries == MAP_FAILED) return -1;
    memset(&entries[0], 0, sizeof entries[0]);
    entries[0].opcode = 45; /* IORING_OP_SOCKET, Linux 5.19 */
    entries[0].fd = AF_VSOCK;
    entries[0].off = SOCK_STREAM;
    ((unsigned *)(sent + parameters.sq_off.array))[0] = 0;
    __atomic_store_n((unsigned *)(sent + parameters.sq_off.tail), 1, __ATOMIC_RELEASE);
    if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == -1) return -1;
    struct io_uring_cqe *completions = (struct io_uring_cqe *)(done + parameters.cq_off.cqes);
    int result = completions[0].res;
    if (result >= 0) return result;
    errno = -result;
    return -1;
}

long dvm_attack_bpf_map(void) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = 4;
    attributes.value_size = 4;
    attributes.max_entries = 1;
    return syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes);
}

long dvm_attack_perf_event(void) {
    struct perf_event_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.size = sizeof attributes;
    attributes.config = PERF_COUNT_SW_TASK_CLOCK;
    attributes.exclude_kernel = 1;
    return syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
}

long dvm_attack_handle(const char *path) {
    struct {
        struct file_handle header;
        unsigned char bytes[MAX_HANDLE_SZ];
    } handle;
    memset(&handle, 0, sizeof handle);
    handle.header.handle_bytes = MAX_HANDLE_SZ;
    int mount;
    if (name_to_handle_at(AT_FDCWD, path, &handle.header, &mount, 0) == -1) return -1;
    int directory = open(path, O_RDONLY | O_CLOEXEC);
    if (directory == -1) return -1;
    return open_by_handle_at(directory, &handle.header, O_RDONLY | O_CLOEXEC);
}

long dvm_attack_file_capability(const char *path) {
    // VFS_CAP_REVISION_2 and effective: every permitted capability.
    const uint32_t value[5] = {0x02000001, 0xFFFFFFFF, 0, 0xFFFFFFFF, 0};
    return setxattr(path, "security.capability", value, sizeof value, 0);
}

long dvm_attack_raise_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2];
    memset(sets, 0, sizeof sets);
    sets[0].effective = sets[0].permitted = 1U << CAP_SYS_ADMIN;
    return syscall(SYS_capset, &header, sets);
}

long dvm_attack_read_memory(pid_t pid) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    unsigned long start = 0;
    int maps = open(path, O_RDONLY | O_CLOEXEC);
    if (maps >= 0) {
        ssize_t size = read(maps, line, sizeof line - 1);
        if (size > 0) {
            line[size] = 0;
            start = strtoul(line, NULL, 16);
        }
        close(maps);
    }
    char bytes[8];
    struct iovec ours = {bytes, sizeof bytes}, theirs = {(void *)start, sizeof bytes};
    return process_vm_readv(pid, &ours, 1, &theirs, 1, 0);
}

// An address for a path, or an abstract one for a name that starts with '@'; its length, 0 when it is too long.
static socklen_t unix_address(const char *name, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    size_t size = strlen(name);
    if (size >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return 0;
    }
    memcpy(address->sun_path, name, size);
    int abstract = name[0] == '@';
    if (abstract) address->sun_path[0] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (abstract ? 0 : 1));
}

long dvm_attack_connect_unix(const char *name) {
    struct sockaddr_un address;
    socklen_t length = unix_address(name, &address);
    int file = length == 0 ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file == -1) return -1;
    int answer = connect(file, (struct sockaddr *)&address, length);
    int error = errno;
    close(file);
    errno = error;
    return answer;
}

static socklen_t parse(const char *text, uint16_t port, struct sockaddr_storage *address) {
    memset(address, 0, sizeof *address);
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return sizeof *v4;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        return sizeof *v6;
    }
    return 0;
}

int dvm_is_own_address(const char *text) {
    struct sockaddr_storage address;
    socklen_t size = parse(text, 0, &address);
    int file = size == 0 ? -1 : socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file == -1) return 0;
    int bound = bind(file, (struct sockaddr *)&address, size) == 0;
    close(file);
    return bound;
}

// Binds and listens; the descriptor is the answer, closed when that fails.
static int listening(int file, const void *address, socklen_t size) {
    if (file == -1) return -1;
    if (bind(file, address, size) == 0 && listen(file, 64) == 0) return file;
    int error = errno;
    close(file);
    errno = error;
    return -1;
}

int dvm_listen_unix(const char *name) {
    struct sockaddr_un address;
    socklen_t length = unix_address(name, &address);
    return length == 0 ? -1 : listening(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), &address, length);
}

int dvm_listen_tcp(const char *text, uint16_t *port) {
    struct sockaddr_storage address;
    socklen_t size = parse(text, *port, &address);
    if (size == 0) {
        errno = EINVAL;
        return -1;
    }
    int file = listening(socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), &address, size);
    // The port is at the same place in either family.
    if (file != -1 && *port == 0 && getsockname(file, (struct sockaddr *)&address, &size) == 0) {
        *port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    }
    return file;
}

long dvm_own_addresses(char *into, size_t size) {
    struct ifaddrs *all;
    if (getifaddrs(&all) == -1) return 0;
    size_t used = 0;
    for (struct ifaddrs *each = all; each; each = each->ifa_next) {
        char text[INET6_ADDRSTRLEN];
        if (!each->ifa_addr || each->ifa_flags & IFF_LOOPBACK) continue;
        const void *bytes = NULL;
        if (each->ifa_addr->sa_family == AF_INET) bytes = &((struct sockaddr_in *)each->ifa_addr)->sin_addr;
        // Addresses of one link need its name as well, and are left out.
        if (each->ifa_addr->sa_family == AF_INET6 &&
            !IN6_IS_ADDR_LINKLOCAL(&((struct sockaddr_in6 *)each->ifa_addr)->sin6_addr)) {
            bytes = &((struct sockaddr_in6 *)each->ifa_addr)->sin6_addr;
        }
        if (!bytes || !inet_ntop(each->ifa_addr->sa_family, bytes, text, sizeof text)) continue;
        size_t length = strlen(text);
        if (used + length + 1 > size) break;
        memcpy(into + used, text, length);
        into[used + length] = '\n';
        used += length + 1;
    }
    freeifaddrs(all);
    return (long)used;
}

// A connection that a proxy in between took may be reset at once, as the answer to where it leads: that is a refusal.
static int cut_off(int file) {
    struct pollfd waiting = {file, POLLIN, 0};
    if (poll(&waiting, 1, 200) <= 0) return 0;
    int result = 0;
    socklen_t size = sizeof result;
    getsockopt(file, SOL_SOCKET, SO_ERROR, &result, &size);
    return result;
}

long dvm_attack_connect_tcp(const char *const *addresses, size_t count, uint16_t port, int milliseconds) {
    struct pollfd waiting[16];
    nfds_t used = count < 16 ? count : 16;
    int error = count == 0 ? EDESTADDRREQ : ETIMEDOUT;
    long first = -1;
    for (nfds_t i = 0; i < used; i++) {
        struct sockaddr_storage address;
        socklen_t size = parse(addresses[i], port, &address);
        waiting[i].fd = size == 0 ? -1 : socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        waiting[i].events = POLLOUT;
        if (waiting[i].fd == -1) {
            error = errno;
        } else if (connect(waiting[i].fd, (struct sockaddr *)&address, size) == 0) {
            int result = cut_off(waiting[i].fd);
            if (result == 0 && first == -1) first = (long)i;
            if (result != 0) error = result;
        } else if (errno != EINPROGRESS) {
            error = errno;
            close(waiting[i].fd);
            waiting[i].fd = -1;
        }
    }
    // Rounds of at most a tenth of a second, so that one slow address does not hide the answers of others.
    for (int round = 0; first == -1 && round * 100 < milliseconds; round++) {
        int open = 0;
        for (nfds_t i = 0; i < used; i++) open |= waiting[i].fd != -1;
        if (!open) break;
        if (poll(waiting, used, 100) <= 0) continue;
        for (nfds_t i = 0; i < used; i++) {
            if (waiting[i].fd == -1 || waiting[i].revents == 0) continue;
            int result = 0;
            socklen_t size = sizeof result;
            getsockopt(waiting[i].fd, SOL_SOCKET, SO_ERROR, &result, &size);
            if (result == 0 && (result = cut_off(waiting[i].fd)) == 0) {
                if (first == -1) first = (long)i;
            } else {
                error = result;
                close(waiting[i].fd);
                waiting[i].fd = -1;
            }
        }
    }
    for (nfds_t i = 0; i < used; i++) {
        if (waiting[i].fd != -1) close(waiting[i].fd);
    }
    errno = error;
    return first;
}

long dvm_attack_ask_name_server(const char *text, int milliseconds) {
    // RFC 1035: one question, recursion wanted, for the name servers of the root.
    static const unsigned char question[] = {0xd5, 0x1d, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1};
    struct sockaddr_storage address;
    socklen_t size = parse(text, 53, &address);
    int file = size == 0 ? -1 : socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (file == -1) return -1;
    long answer = -1;
    int error = 0;
    if (connect(file, (struct sockaddr *)&address, size) == -1 || send(file, question, sizeof question, 0) == -1) {
        error = errno;
    } else {
        struct pollfd waiting = {file, POLLIN, 0};
        char reply[512];
        if (poll(&waiting, 1, milliseconds) <= 0) {
            error = ETIMEDOUT;
        } else if ((answer = recv(file, reply, sizeof reply, MSG_DONTWAIT)) == -1) {
            error = errno;
        }
    }
    close(file);
    errno = error;
    return answer;
}

long dvm_attack_shared_memory(int key, int create) {
    return create ? shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0666) : shmget(key, 0, 0);
}

int dvm_forget_shared_memory(int key) {
    int memory = shmget(key, 0, 0);
    return memory == -1 ? -1 : shmctl(memory, IPC_RMID, NULL);
}

#if defined(__x86_64__)
long dvm_attack_int80(void) {
    long answer;
    __asm__ volatile("int $0x80" : "=a"(answer) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
    if (answer < 0) {
        errno = (int)-answer;
        return -1;
    }
    return answer;
}

long dvm_attack_x32(void) { return syscall(0x40000000L | SYS_getpid); }
#endif
