#ifndef DR_CSQLITE_SHIM_H
#define DR_CSQLITE_SHIM_H

#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast macro, which Swift does not import: bind through these, which copy their bytes.
// SQLite counts every allocation under a lock for statistics that nobody reads here; variadic, which Swift does not import.
static inline int dr_sqlite_count_no_memory(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

static inline int dr_sqlite_bind_blob(sqlite3_stmt *_Nonnull s, int i, const void *_Nullable bytes, int count) {
    return sqlite3_bind_blob(s, i, bytes ? bytes : "", count, SQLITE_TRANSIENT);
}

#endif
