#ifndef DVM_LANDLOCK_H
#define DVM_LANDLOCK_H

// landlock(7). The library has no wrappers, and the headers of an old distribution lack the newer fields.

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

struct dvm_landlock_rules {
    uint64_t files;
    uint64_t network;
    uint64_t scopes;
};

// The version of the interface, or -1 where the kernel has none.
static inline int dvm_landlock_version(void) { return (int)syscall(444, (void *)0, (size_t)0, 1u); }

// A set of rules as a descriptor. The size says which fields the kernel knows: it refuses bytes it does not.
static inline int dvm_landlock_rules(uint64_t files, uint64_t scopes, size_t size) {
    struct dvm_landlock_rules rules = {files, 0, scopes};
    return (int)syscall(444, &rules, size, 0u);
}

// Allows file rights below a directory.
static inline int dvm_landlock_allow(int rules, uint64_t files, int directory) {
    struct {
        uint64_t files;
        int32_t directory;
    } __attribute__((packed)) rule = {files, directory};
    return (int)syscall(445, rules, 1, &rule, 0u);
}

static inline int dvm_landlock_restrict(int rules) { return (int)syscall(446, rules, 0u); }

#endif
