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
    ///
    /// Parts and pieces of transfers stay out of the heaps: among a million small blocks, the gaps that they leave there do
    /// not fit the next ones. A restore of a million small files and then of large ones took 232 MiB, and takes 117.
    package static func keepSmall() { dr_limit_heaps(2, CInt(largeBlock)) }

    /// Bytes from which a block has pages of its own.
    private static let largeBlock = 2 << 20

    /// Returns free memory to the system.
    package static func trim() { dr_trim_memory() }
}
