import Foundation

/// The number of files that this process may have open.
enum OpenFileLimit {
    /// Raises the limit as far as the system lets this user; not beyond a number that makes programs slow which close
    /// every descriptor that they might have.
    static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let wanted = min(limit.rlim_max, 65_536)
        guard wanted > limit.rlim_cur else { return }
        limit.rlim_cur = wanted
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
