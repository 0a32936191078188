import FoundationEssentials
import Glibc
import Platform
import RecoveryPlan
import Reporting
import Synchronization

/// The ended runs of this machine, from their journals, and the files of their evidence.
final class RunHistory: Sendable {
    struct Row: Sendable {
        var id: String
        var scenario: String
        var isDrill: Bool
        /// Seconds since 1970; nil if the journal was altered.
        var startedAt: Double?
        /// The end of the journal; nil if the run crashed or is still running.
        var end: RunEnd.Verdict?
        /// The verdict of the evidence.
        var verdict: String
        var tone: String
        /// The first reason for the verdict.
        var reason: String?
        /// Seconds from the start to the validation; nil if the run was not validated.
        var actual: Double?
        var forecast: TimeForecast?
        /// Seconds, from the start of the run.
        var rto: Double?
        var set: String
        /// The reason why the run says nothing about forecasts, see ``ForecastOutcome/note``.
        var isComparable: Bool

        /// The time of the start as text.
        var started: String { startedAt.map(RunWords.moment) ?? "?" }
    }

    private struct Version: Equatable {
        var size: Int
        var seconds: Int
        var nanoseconds: Int
    }

    private let runs: RunFolder
    private let rows = Mutex<[String: (version: Version, row: Row?)]>([:])
    private static let mostKept = 4000
    /// A longer journal is not read for the history.
    private static let longest = 8 << 20

    private let stack: String
    private let owners = Mutex<[String: String]>([:])

    /// - Parameter stack: the stack whose runs are shown; other stacks may share the folder.
    init(state: String, stack: String) {
        runs = RunFolder(reading: state)
        self.stack = stack
    }

    /// Returns the stack of a run; nil if the first line of its journal cannot be read.
    private func owner(_ name: String) -> String? {
        if let known = owners.withLock({ $0[name] }) { return known }
        let file = Glibc.open(runs.journal(of: name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return nil }
        let handle = OpenFile(file)
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while line.count < 1 << 20 {
            let count = Glibc.read(handle.descriptor, &buffer, buffer.count)
            guard count > 0 else { return nil }
            let part = buffer.prefix(count)
            guard let end = part.firstIndex(of: UInt8(ascii: "\n")) else {
                line += part
                continue
            }
            line += part[..<end]
            guard let text = String(validating: line, as: UTF8.self), let first = try? JournalLine(reading: text),
                case .runBegan(let record) = first.body.event
            else { return nil }
            owners.withLock { owners in
                if owners.count >= Self.mostKept { owners = [:] }
                owners[name] = record.identity.stack
            }
            return record.identity.stack
        }
        return nil
    }

    /// The names of the stack's runs, and of those whose stack cannot be read, the newest first.
    var names: [String] {
        runs.runs().filter { RunFolder.isProperName($0) && owner($0) ?? stack == stack }.reversed()
    }

    /// Returns the row of a run; nil if its journal does not define one.
    func row(_ name: String) -> Row? {
        let path = runs.journal(of: name)
        guard let version = Self.version(path) else { return nil }
        if let known = rows.withLock({ $0[name] }), known.version == version { return known.row }
        let row = version.size <= Self.longest ? Self.read(path, name) : nil
        rows.withLock { rows in
            if rows.count >= Self.mostKept { rows = [:] }
            rows[name] = (version, row)
        }
        return row
    }

    private static func version(_ path: String) -> Version? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Version(size: Int(status.st_size), seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }

    private static func read(_ path: String, _ name: String) -> Row? {
        do {
            let reading = try JournalReading(path: path)
            guard let record = reading.record else { return nil }
            let evidence = try? Evidence(reading)
            let outcome = ForecastOutcome(reading)
            let (verdict, tone) = words(reading.end == nil ? nil : evidence?.verdict)
            return Row(
                id: name, scenario: record.identity.scenario.printable, isDrill: record.isDrill,
                startedAt: record.startedAt.timeIntervalSince1970, end: reading.end?.verdict, verdict: verdict,
                tone: tone,
                reason: evidence?.reasons.first.map { String($0.prefix(300)).printable },
                actual: outcome?.actual, forecast: record.forecast?.total,
                rto: record.rto.map { max(0, $0 - RecoveryClocks(record).since(record.rtoFrom, 0)) },
                set: record.setsText.printable, isComparable: outcome?.counts ?? false)
        } catch let error as JournalError where error.reason == .tampered {
            return Row(
                id: name, scenario: "?", isDrill: false, verdict: "altered", tone: "bad",
                reason: "\(error.detail)".printable, set: "?", isComparable: false)
        } catch { return nil }
    }

    private static func words(_ verdict: Evidence.Verdict?) -> (String, String) {
        switch verdict {
        case .passed: ("passed", "good")
        case .late: ("late", "warn")
        case .partial: ("partial", "warn")
        case .failed: ("failed", "bad")
        case .inconclusive: ("inconclusive", "warn")
        case nil: ("not finished", "quiet")
        }
    }

    // MARK: Files

    private static let types: [(end: String, type: String)] = [
        (".html", "text/html; charset=utf-8"), (".json", "application/json"), (".jsonl", "text/plain; charset=utf-8"),
        (".md", "text/plain; charset=utf-8"), (".xml", "text/plain; charset=utf-8"), (".pdf", "application/pdf"),
    ]

    private static func isEvidence(_ name: String) -> Bool {
        RunFolder.isProperName(name) && (name == "journal.jsonl" || name.hasPrefix("report."))
    }

    /// Returns the names of the evidence's files.
    func files(of run: String) -> [String] {
        guard RunFolder.isProperName(run), owner(run) == stack else { return [] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(runs.path)/\(run)")) ?? []
        return names.filter(Self.isEvidence).sorted()
    }

    /// Returns a file of the evidence. A report is a page with its own styles, which may run nothing: it is served in a
    /// sandbox.
    func file(_ name: String, of run: String) throws -> WebResponse {
        guard RunFolder.isProperName(run), Self.isEvidence(name), owner(run) == stack else {
            throw PageFailure.notFound("there is no such file of evidence")
        }
        let path = "\(runs.path)/\(run)/\(name)"
        let file = Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw PageFailure.notFound("there is no such file of evidence") }
        let handle = OpenFile(file)
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw PageFailure.notFound("there is no such file of evidence")
        }
        let type = Self.types.first { name.hasSuffix($0.end) }?.type ?? "application/octet-stream"
        // A journal may grow while it is sent: its length now counts.
        let length = Int(status.st_size)
        var response = WebResponse.stream(type: type, length: length) { stream in
            var left = length
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while left > 0 {
                let count = Glibc.read(handle.descriptor, &buffer, min(buffer.count, left))
                guard count > 0 else { throw PageFailure(500, "the file became shorter") }
                try stream.write(Array(buffer.prefix(count)))
                left -= count
            }
        }
        response.headers.append(
            ("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"))
        if type == "application/octet-stream" || type == "application/pdf" {
            response.headers.append(("Content-Disposition", "attachment; filename=\"\(run)-\(name)\""))
        }
        return response
    }
}

/// A descriptor that closes with its last user.
private final class OpenFile: Sendable {
    let descriptor: CInt

    init(_ descriptor: CInt) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}
