#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CLinux.h"

// The kernel asks a program of type SK_LOOKUP (Linux 5.9) which listener a new connection is for. Ours is written out in
// instructions: a compiler for it would be one more thing to install in every VM, and it is twenty lines.

static int bpf(int command, union bpf_attr *attributes) {
    return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

#define INSTRUCTION(CODE, TO, FROM, OFFSET, VALUE) \
    ((struct bpf_insn){.code = (CODE), .dst_reg = (TO), .src_reg = (FROM), .off = (OFFSET), .imm = (VALUE)})
#define MOVE(TO, FROM) INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_X, TO, FROM, 0, 0)
#define SET(TO, VALUE) INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, TO, 0, 0, VALUE)
#define ADD(TO, VALUE) INSTRUCTION(BPF_ALU64 | BPF_ADD | BPF_K, TO, 0, 0, VALUE)
#define MASK(TO, VALUE) INSTRUCTION(BPF_ALU64 | BPF_AND | BPF_K, TO, 0, 0, VALUE)
#define LOAD(TO, FIELD) \
    INSTRUCTION(BPF_LDX | BPF_MEM | BPF_W, TO, BPF_REG_6, (short)offsetof(struct bpf_sk_lookup, FIELD), 0)
// Comparisons of 32 bits: addresses are words in the network's order, with the sign nowhere in the way.
#define UNLESS(REGISTER, VALUE, SKIP) INSTRUCTION(BPF_JMP32 | BPF_JNE | BPF_K, REGISTER, 0, SKIP, VALUE)
#define WHEN(REGISTER, VALUE, SKIP) INSTRUCTION(BPF_JMP32 | BPF_JEQ | BPF_K, REGISTER, 0, SKIP, VALUE)
#define CALL(FUNCTION) INSTRUCTION(BPF_JMP | BPF_CALL, 0, 0, 0, FUNCTION)
#define RETURN INSTRUCTION(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static int load(int map, const struct dvm_endpoint *own) {
    int own4;
    memcpy(&own4, own->address + 12, 4);
    // Words in the network's order, as the field has them.
    int one;
    memcpy(&one, (const uint8_t[]){0, 0, 0, 1}, 4);
    const struct bpf_insn program[] = {
        MOVE(BPF_REG_6, BPF_REG_1),
        // Only TCP. What is not for us is looked up as if we were not there.
        LOAD(BPF_REG_1, protocol),
        UNLESS(BPF_REG_1, 6 /* IPPROTO_TCP */, 13),
        LOAD(BPF_REG_1, family),
        UNLESS(BPF_REG_1, 2 /* AF_INET */, 5),
        // 127.0.0.0/8 and our own address are the session's.
        LOAD(BPF_REG_1, local_ip4),
        WHEN(BPF_REG_1, own4, 9),
        MASK(BPF_REG_1, 0xff),
        WHEN(BPF_REG_1, 127, 7),
        INSTRUCTION(BPF_JMP | BPF_JA, 0, 0, 8, 0),
        // ::1 is too.
        LOAD(BPF_REG_1, local_ip6[0]),
        UNLESS(BPF_REG_1, 0, 6),
        LOAD(BPF_REG_1, local_ip6[1]),
        UNLESS(BPF_REG_1, 0, 4),
        LOAD(BPF_REG_1, local_ip6[3]),
        UNLESS(BPF_REG_1, one, 2),
        SET(BPF_REG_0, SK_PASS),
        RETURN,
        // The listener is the only entry of the map.
        INSTRUCTION(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, 0),
        MOVE(BPF_REG_2, BPF_REG_10),
        ADD(BPF_REG_2, -4),
        INSTRUCTION(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map),
        INSTRUCTION(0, 0, 0, 0, 0),
        CALL(BPF_FUNC_map_lookup_elem),
        // Gone with the gate: refused, SK_DROP being 0.
        INSTRUCTION(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, 2, 0),
        SET(BPF_REG_0, SK_DROP),
        RETURN,
        MOVE(BPF_REG_7, BPF_REG_0),
        MOVE(BPF_REG_1, BPF_REG_6),
        MOVE(BPF_REG_2, BPF_REG_7),
        SET(BPF_REG_3, 0),
        CALL(BPF_FUNC_sk_assign),
        MOVE(BPF_REG_8, BPF_REG_0),
        MOVE(BPF_REG_1, BPF_REG_7),
        CALL(BPF_FUNC_sk_release),
        SET(BPF_REG_0, SK_DROP),
        INSTRUCTION(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_8, 0, 1, 0),
        SET(BPF_REG_0, SK_PASS),
        RETURN,
    };
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_SK_LOOKUP;
    attributes.expected_attach_type = BPF_SK_LOOKUP;
    attributes.insns = (uint64_t)(uintptr_t)program;
    attributes.insn_cnt = sizeof program / sizeof *program;
    attributes.license = (uint64_t)(uintptr_t) "";
    memcpy(attributes.prog_name, "dvm_steer", 10);
    return bpf(BPF_PROG_LOAD, &attributes);
}

static int close_both(int a, int b) {
    int error = errno;
    if (a != -1) close(a);
    if (b != -1) close(b);
    errno = error;
    return -1;
}

int dvm_steer(int listener, const struct dvm_endpoint *own) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.map_type = BPF_MAP_TYPE_SOCKMAP;
    attributes.key_size = 4;
    attributes.value_size = 8;
    attributes.max_entries = 1;
    int map = bpf(BPF_MAP_CREATE, &attributes);
    if (map == -1) return -1;

    uint32_t key = 0;
    uint64_t value = (uint64_t)listener;
    memset(&attributes, 0, sizeof attributes);
    attributes.map_fd = (uint32_t)map;
    attributes.key = (uint64_t)(uintptr_t)&key;
    attributes.value = (uint64_t)(uintptr_t)&value;
    if (bpf(BPF_MAP_UPDATE_ELEM, &attributes) == -1) return close_both(map, -1);

    int program = load(map, own);
    if (program == -1) return close_both(map, -1);
    int namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (namespace == -1) return close_both(map, program);
    memset(&attributes, 0, sizeof attributes);
    attributes.link_create.prog_fd = (uint32_t)program;
    attributes.link_create.target_fd = (uint32_t)namespace;
    attributes.link_create.attach_type = BPF_SK_LOOKUP;
    int link = bpf(BPF_LINK_CREATE, &attributes);
    // The link holds the program, and the program the map; the namespace it only looks at.
    close_both(map, program);
    int error = errno;
    close(namespace);
    errno = error;
    return link;
}
