internal import FoundationEssentials
internal import Glibc
internal import Platform

/// Seconds since the machine booted, including the time it was suspended. The clock never runs backwards.
package enum MonotonicClock {
    package static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Double(time.tv_sec) + (Double(time.tv_nsec) / 1e6).rounded() / 1e3
    }

    /// The identity of the boot that the seconds count from.
    package static var boot: String {
        (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?
            .trimmed ?? "unknown"
    }
}
