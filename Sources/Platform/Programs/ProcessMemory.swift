internal import CLinux
internal import Glibc

/// Keeps the memory of this process, which may hold keys and passwords, from being written to a core file or read by
/// another process of the same user.
package enum ProcessMemory {
    package static func protect() {
        // Programs that this one starts may raise the limit again.
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0 {
            limit.rlim_cur = 0
            setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
        }
        dr_hide_memory()
    }

    /// Limits the heaps of the C library: otherwise each thread gets one, and each keeps what it once needed. With 26 threads
    /// these were 30 of 138 MiB. Before the first thread, because a heap that exists stays.
    package static func keepSmall() { dr_limit_heaps(2) }

    /// Returns free memory to the system.
    package static func trim() { dr_trim_memory() }
}
