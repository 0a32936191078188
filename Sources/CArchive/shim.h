#ifndef DR_CARCHIVE_SHIM_H
#define DR_CARCHIVE_SHIM_H

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>

// archive_set_error is variadic; a callback needs it to hand its reason to libarchive.
static inline void dr_archive_set_error(struct archive *a, const char *message) {
    archive_set_error(a, EIO, "%s", message);
}

// AE_IFREG and its kin are cast macros, which Swift does not import.
enum { dr_archive_file = AE_IFREG, dr_archive_directory = AE_IFDIR, dr_archive_link = AE_IFLNK };

#endif
