#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <string.h>

#include "CLinux.h"

struct search {
    unsigned char *into;
    size_t size;
    size_t found;
};

static int look(struct dl_phdr_info *object, size_t size, void *context) {
    (void)size;
    struct search *search = context;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_NOTE) continue;
        const unsigned char *note = (const unsigned char *)object->dlpi_addr + segment->p_vaddr;
        const unsigned char *end = note + segment->p_memsz;
        while (note + sizeof(ElfW(Nhdr)) <= end) {
            const ElfW(Nhdr) *header = (const ElfW(Nhdr) *)note;
            const unsigned char *name = note + sizeof *header;
            const unsigned char *value = name + ((header->n_namesz + 3) & ~3u);
            if (header->n_type == NT_GNU_BUILD_ID && header->n_namesz == 4 && memcmp(name, "GNU", 4) == 0 &&
                header->n_descsz <= search->size) {
                memcpy(search->into, value, header->n_descsz);
                search->found = header->n_descsz;
                return 1;
            }
            note = value + ((header->n_descsz + 3) & ~3u);
        }
    }
    // The first object is the executable itself.
    return 1;
}

size_t dvm_build_id(unsigned char *into, size_t size) {
    struct search search = {into, size, 0};
    dl_iterate_phdr(look, &search);
    return search.found;
}
