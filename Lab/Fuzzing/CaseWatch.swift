internal import Foundation
internal import Synchronization

/// Ends the process if a case takes too much time or memory.
final class CaseWatch: Sendable {
    private struct Started {
        var time: Double
        var processor: Double
    }

    private let limits: FuzzLimits
    private let started = Mutex<Started?>(nil)

    init(_ limits: FuzzLimits) {
        self.limits = limits
        Thread { [self] in
            while true {
                usleep(100_000)
                look()
            }
        }.start()
    }

    func begin() {
        let now = Started(time: Self.seconds(CLOCK_MONOTONIC), processor: Self.seconds(CLOCK_PROCESS_CPUTIME_ID))
        started.withLock { $0 = now }
    }

    /// Compares the peak of memory, which this case may have raised.
    func end() {
        started.withLock { $0 = nil }
        let peak = Self.peakMemory
        guard peak > limits.memory else { return }
        Self.exit(.memory, "\(peak >> 20) MiB of memory, more than \(limits.memory >> 20)")
    }

    /// The peak of this program's memory in bytes. The resource usage of the process will not do: it includes the memory
    /// of the process that started it, of which Linux keeps the peak across fork and exec.
    private static var peakMemory: Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }

    private func look() {
        guard let started = started.withLock({ $0 }) else { return }
        let processor = Self.seconds(CLOCK_PROCESS_CPUTIME_ID) - started.processor
        if processor > limits.processorSeconds { Self.exit(.hang, "\(Int(processor)) s of processor time") }
        let time = Self.seconds(CLOCK_MONOTONIC) - started.time
        if time > limits.seconds { Self.exit(.hang, "no end after \(Int(time)) s") }
    }

    private static func exit(_ end: WorkerEnd, _ message: String) {
        FileHandle.standardError.write(Data("\(message)\n".utf8))
        _exit(end.rawValue)
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
