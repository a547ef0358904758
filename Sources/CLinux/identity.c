#include "CLinux.h"

#include <signal.h>
#include <sys/resource.h>

int dvm_limit_memory(unsigned long bytes) {
    struct rlimit most = {bytes, bytes};
    return setrlimit(RLIMIT_AS, &most);
}

int dvm_limit_work(unsigned long data, unsigned long seconds, unsigned long file) {
    struct rlimit memory = {data, data}, time = {seconds, seconds}, largest = {file, file};
    // A write that is too large fails then, and who writes can clean up.
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR) return -1;
    if (setrlimit(RLIMIT_DATA, &memory) || setrlimit(RLIMIT_CPU, &time)) return -1;
    return setrlimit(RLIMIT_FSIZE, &largest);
}

int dvm_limit_file(unsigned long bytes) {
    struct rlimit largest = {bytes, bytes};
    return setrlimit(RLIMIT_FSIZE, &largest);
}

int dvm_no_core_files(void) {
    struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none);
}
