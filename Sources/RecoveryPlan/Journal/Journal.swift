internal import CLinux
package import FoundationEssentials
internal import Glibc
internal import Synchronization
internal import Platform
internal import SystemPackage

/// A journal that is being written. Each line is on disk before ``append(_:)`` returns.
///
/// Calls block for one fsync. Several tasks may append at the same time.
package final class Journal: Sendable {
    package let path: String
    private let descriptor: Int32
    private let state: Mutex<State>
    /// The wall clock.
    private let now: @Sendable () -> Date
    /// Called with each line, in order, after it is on disk.
    private let observer: @Sendable (JournalLine) -> Void

    private struct State {
        var number: Int
        var previous: String
        /// The clocks at the previous line; nil if it was written before a reboot.
        var clocks: ClockReading?
        var failure: JournalError?
    }

    /// Creates a new journal.
    /// - Throws: ``JournalError`` `.cannotWrite`, also if the file already exists.
    package convenience init(
        creating path: String, now: @escaping @Sendable () -> Date = { Date() },
        observer: @escaping @Sendable (JournalLine) -> Void = { _ in }
    ) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path) }
        self.init(
            path: path, descriptor: descriptor, state: State(number: 0, previous: ""), now: now, observer: observer)
        // The directory entry must survive a crash too.
        let folder = open(path.folderOfPath, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw Self.failure(path) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw Self.failure(path) }
    }

    /// Continues a journal that was read and verified. An incomplete last line is removed.
    package convenience init(
        continuing path: String, _ reading: JournalReading, now: @escaping @Sendable () -> Date = { Date() },
        observer: @escaping @Sendable (JournalLine) -> Void = { _ in }
    ) throws {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
        var state = State(number: reading.lines.count, previous: reading.lines.last?.digest ?? "")
        if reading.holder?.boot == MonotonicClock.boot {
            state.clocks = reading.lines.last.map { ClockReading($0.body) }
        }
        self.init(path: path, descriptor: descriptor, state: state, now: now, observer: observer)
        guard ftruncate(descriptor, off_t(reading.wholeBytes)) == 0, fsync(descriptor) == 0 else {
            throw Self.failure(path)
        }
    }

    private init(
        path: String, descriptor: Int32, state: State, now: @escaping @Sendable () -> Date,
        observer: @escaping @Sendable (JournalLine) -> Void
    ) {
        self.path = path
        self.descriptor = descriptor
        self.state = Mutex(state)
        self.now = now
        self.observer = observer
    }

    deinit { close(descriptor) }

    /// Writes one line and waits until it is on disk.
    /// - Throws: ``JournalError`` `.cannotWrite`. After the first failure each call throws, because a run must not
    ///   continue without a journal.
    package func append(_ event: JournalEvent) throws {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            let clocks = ClockReading(wall: now(), uptime: MonotonicClock.seconds)
            if let jump = state.clocks.flatMap({ clocks.jump(since: $0) }) {
                try add(.noted(text: jump), at: clocks, to: &state)
            }
            try add(event, at: clocks, to: &state)
        }
    }

    private func add(_ event: JournalEvent, at clocks: ClockReading, to state: inout State) throws {
        let line = try JournalLine(
            .init(
                number: state.number, at: clocks.wall, uptime: clocks.uptime, previous: state.previous, event: event))
        do {
            try write(line.text + "\n")
        } catch let error as JournalError {
            state.failure = error
            throw error
        }
        state.number += 1
        state.previous = line.digest
        state.clocks = clocks
        observer(line)
    }

    private func write(_ text: String) throws {
        let begin = lseek(descriptor, 0, SEEK_END)
        do { try FileDescriptor(rawValue: descriptor).writeAll(text.utf8) } catch let error as Errno {
            // A partial line would look like the result of a crash.
            ftruncate(descriptor, begin)
            throw Self.failure(path, error)
        }
        guard fdatasync(descriptor) == 0 else { throw Self.failure(path) }
    }

    private static func failure(_ path: String, _ error: Errno = .last) -> JournalError {
        JournalError(
            .cannotWrite, object: "journal '\(path)'", error.description,
            hint: error == .noSpace || error == .diskQuotaExceeded
                ? "free space there and resume the run with --resume" : "dr does not run a plan without a journal")
    }
}
