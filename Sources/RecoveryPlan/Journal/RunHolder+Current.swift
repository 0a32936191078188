import FoundationEssentials
import Glibc

extension RunHolder {
    /// This process and the user who started it.
    package static var current: RunHolder {
        let environment = ProcessInfo.processInfo.environment
        var name = [CChar](repeating: 0, count: 256)
        let host =
            gethostname(&name, name.count - 1) == 0
            ? String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "unknown"
        let person = environment["SUDO_USER"] ?? environment["USER"] ?? "uid \(geteuid())"
        return RunHolder(person: person, host: host, process: Int(getpid()), boot: MonotonicClock.boot)
    }
}
