#define _GNU_SOURCE
#include <signal.h>
#include <sys/signalfd.h>

#include "CLinux.h"

int dvm_signal_descriptor(const int *numbers, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, numbers[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == -1) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
