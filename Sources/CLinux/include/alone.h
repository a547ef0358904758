// Starting a program that must stay alone: posix_spawn(3) has no limits and no directory by descriptor.
#pragma once

#include <sys/types.h>

// Starts a program in a directory, with standard input from and standard error to /dev/null (`null`), and limits that
// nothing it reads can lift: it starts no process and no thread (RLIMIT_NPROC, which does not bind root), writes to no
// file beyond its first `file` bytes, leaves no core and takes at most `data` bytes of memory of its own. It dies with the
// thread that started it.
// Answers its process, or -1 and errno when there is none; what the exec answered is the status 127.
pid_t dvm_start_alone(const char *program, char *const words[], char *const environment[], int directory, int null,
                      int output, unsigned long data, unsigned long file);
