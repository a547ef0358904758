#include "CLinux.h"

#include <sys/resource.h>

int dvm_no_core_files(void) {
    struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none);
}
