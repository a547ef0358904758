#include <sys/vfs.h>

#include "CLinux.h"

int dvm_is_in_memory(int directory) {
    struct statfs found;
    if (fstatfs(directory, &found) == -1) return -1;
    return found.f_type == 0x01021994 || found.f_type == (typeof(found.f_type))0x858458f6;
}
