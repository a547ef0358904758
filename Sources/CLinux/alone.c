#define _GNU_SOURCE
#include "alone.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

pid_t dvm_start_alone(const char *program, char *const words[], char *const environment[], int directory, int null,
                      int output, unsigned long data, unsigned long file) {
    const struct rlimit none = {0, 0}, memory = {data, data}, largest = {file, file};
    // vfork(2): our memory is not copied for a child that only makes system calls.
    pid_t pid = vfork();
    if (pid != 0) return pid;
    if (dup2(null, 0) == 0 && dup2(output, 1) == 1 && dup2(null, 2) == 2 && fchdir(directory) == 0 &&
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0 &&
        setrlimit(RLIMIT_FSIZE, &largest) == 0 && setrlimit(RLIMIT_DATA, &memory) == 0 &&
        setrlimit(RLIMIT_NPROC, &none) == 0)
        execve(program, words, environment);
    _exit(127);
}
