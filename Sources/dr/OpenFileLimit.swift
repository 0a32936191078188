import FoundationEssentials
import Glibc

/// The number of files that this process may have open.
enum OpenFileLimit {
    /// Raises the limit as far as the system allows, up to 65,536: a higher limit slows down child programs that close
    /// every possible descriptor.
    static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let wanted = min(limit.rlim_max, 65_536)
        guard wanted > limit.rlim_cur else { return }
        limit.rlim_cur = wanted
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
