#include <seccomp.h>

// Function-like macros and constants with casts, which Swift does not import.
static inline uint32_t dvm_seccomp_errno(uint16_t code) { return SCMP_ACT_ERRNO(code); }
static inline uint32_t dvm_seccomp_kill_process(void) { return SCMP_ACT_KILL_PROCESS; }
static inline uint32_t dvm_seccomp_allow(void) { return SCMP_ACT_ALLOW; }
