// Users, sessions and what a process may still do: GNU extensions and variadic calls, which Swift does not import.
#pragma once

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static inline int dvm_set_users(uid_t uid) {
    extern int setresuid(uid_t, uid_t, uid_t);
    return setresuid(uid, uid, uid);
}
static inline int dvm_set_groups(gid_t gid) {
    extern int setresgid(gid_t, gid_t, gid_t);
    return setresgid(gid, gid, gid);
}

// getresuid(2), getresgid(2): whether the real, effective and saved ids are all this one.
static inline int dvm_is_wholly(uid_t uid, gid_t gid) {
    extern int getresuid(uid_t *, uid_t *, uid_t *);
    extern int getresgid(gid_t *, gid_t *, gid_t *);
    uid_t u[3];
    gid_t g[3];
    return getresuid(&u[0], &u[1], &u[2]) == 0 && getresgid(&g[0], &g[1], &g[2]) == 0 && u[0] == uid && u[1] == uid &&
           u[2] == uid && g[0] == gid && g[1] == gid && g[2] == gid;
}

// prctl(2) is variadic.
static inline int dvm_set_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }
static inline int dvm_no_new_privileges(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); }
static inline int dvm_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }

// ioctl(2) is variadic. The terminal becomes the controlling one of the session this process leads; never by force.
static inline int dvm_take_terminal(int terminal) { return ioctl(terminal, TIOCSCTTY, 0); }

// rt_sigaction(2) itself: the library keeps the signals 32 and 33 to itself and would leave them ignored. A zeroed struct
// is the default action. Every signal to its default, none blocked.
static inline void dvm_reset_signals(void) {
    const unsigned long standard[4] = {0};
    for (int number = 1; number < 65; number++) syscall(SYS_rt_sigaction, number, standard, 0, 8);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// setrlimit(2) takes an enumeration in C and not in Swift.
int dvm_no_core_files(void);
int dvm_limit_memory(unsigned long bytes);
// Memory of its own in bytes, which files that are only mapped are not; processor time; and the largest file it writes.
int dvm_limit_work(unsigned long data, unsigned long seconds, unsigned long file);
int dvm_limit_file(unsigned long bytes);
