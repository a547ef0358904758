#include "CLinux.h"

#include <sys/resource.h>

int dvm_limit_memory(unsigned long bytes) {
    struct rlimit most = {bytes, bytes};
    return setrlimit(RLIMIT_AS, &most);
}

int dvm_no_core_files(void) {
    struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none);
}
