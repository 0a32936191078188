internal import Foundation
internal import Glibc

/// Seconds since the machine started, its sleep included: never set back.
package enum MonotonicClock {
    package static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Double(time.tv_sec) + (Double(time.tv_nsec) / 1e6).rounded() / 1e3
    }

    /// Which start of which machine the seconds count from.
    package static var boot: String {
        (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?
            .trimmingCharacters(in: .whitespacesAndNewlines) ?? "unknown"
    }
}
