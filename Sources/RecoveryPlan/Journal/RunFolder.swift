internal import FoundationEssentials
internal import Glibc
internal import Platform

/// The folder of a machine's journals: `<state>/runs/<run>/journal.jsonl`.
package struct RunFolder: Sendable {
    package let path: String
    /// The names of the stack whose journals count for forecasts and history; nil for all stacks that share the folder.
    package var stacks: Set<String>?
    private let rehearsals: RehearsalFolder

    /// - Parameter state: the configured state folder, which is created if it is missing.
    package init(state: String) throws {
        path = "\(state)/runs"
        rehearsals = RehearsalFolder(state: state)
        do throws(FileError) {
            // The state folder itself is not private, because the servers of drills need to traverse it.
            try Folder.makePrivate(state, isEntered: true)
            try Folder.makePrivate(path)
        } catch {
            throw JournalError(.cannotWrite, object: "folder '\(error.path)'", error.detail)
        }
    }

    /// A folder that is only read, such as one of another user; need not exist.
    /// - Parameter state: the folder that contains `runs`.
    package init(reading state: String) {
        path = "\(state)/runs"
        rehearsals = RehearsalFolder(state: state)
    }

    /// Returns true if a name from outside can be the name of a run's folder.
    package static func isProperName(_ name: String) -> Bool {
        (1...128).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: ".")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    package func journal(of run: String) -> String { "\(path)/\(run)/journal.jsonl" }

    package func make(_ run: String) throws -> String {
        let folder = "\(path)/\(run)"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw JournalError(
                .cannotWrite, object: "folder '\(folder)'", FileFailure.text(error),
                hint: "dr does not run a plan without a journal")
        }
        return journal(of: run)
    }

    /// Returns the ids of all runs, the newest last: an id begins with the time of its run.
    package func runs() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
            .filter { FileManager.default.fileExists(atPath: journal(of: $0)) }.sorted()
    }

    /// The maximum number of journals that are read for earlier times, the newest first.
    private static let mostJournals = 400

    /// Returns the durations of steps in runs, drills and rehearsals, by scenario.
    ///
    /// Unreadable and altered journals are ignored. Only one journal is in memory at a time.
    /// - Parameter scenario: limits the result to one scenario.
    package func stepTimes(of scenario: String? = nil) -> [String: StepTimes] {
        var times: [String: StepTimes] = [:]
        for run in runs().reversed().prefix(Self.mostJournals) {
            guard let reading = try? JournalReading(path: journal(of: run)),
                let identity = reading.record?.identity, isOwn(identity),
                case let found = identity.scenario, scenario == nil || found == scenario
            else { continue }
            times[found, default: StepTimes()].add(reading)
            if let scenario, times[scenario]?.isFull == true { break }
        }
        let records = rehearsals.records()
        guard !records.isEmpty else { return times }
        let rehearsed = scenario.map { [$0] } ?? records.compactMap(\.scenario)
        for name in Set(rehearsed + times.keys) {
            for record in records { times[name, default: StepTimes()].add(record) }
        }
        return times
    }

    /// Returns the journals of a scenario, the newest first. Unreadable and altered journals are ignored.
    ///
    /// Only one journal is in memory at a time.
    package func readings(of scenario: String) -> some Sequence<JournalReading> {
        runs().reversed().prefix(Self.mostJournals).lazy.compactMap { run in
            (try? JournalReading(path: journal(of: run))).flatMap {
                guard let identity = $0.record?.identity, identity.scenario == scenario, isOwn(identity) else {
                    return nil
                }
                return $0
            }
        }
    }

    private func isOwn(_ identity: RunIdentity) -> Bool { stacks?.contains(identity.stack) ?? true }

    /// Returns the newest run of a scenario that came to its end, whatever its verdict.
    package func lastTest(of scenario: String) -> RunRecord? {
        readings(of: scenario).first { $0.end.map { $0.verdict != .interrupted } ?? false }?.record
    }

    /// Returns the run for `--resume`: the named run, otherwise the newest run of the scenario.
    /// - Throws: ``JournalError`` `.noSuchRun`, `.tampered`, `.cannotRead`.
    package func resumable(_ run: String?, scenario: String, isDrill: Bool = false) throws -> (
        run: String, reading: JournalReading
    ) {
        for name in runs().reversed() where run == nil || run == name {
            let reading: JournalReading
            do { reading = try JournalReading(path: journal(of: name)) } catch  where run == nil {
                // Skip a run that cannot be read or that stopped before it started, unless the operator named it. A
                // tampered journal may belong to the newest run, so it is an error.
                guard let error = error as? JournalError, error.reason == .cannotRead else { throw error }
                continue
            }
            guard let record = reading.record, record.identity.scenario == scenario, record.isDrill == isDrill else {
                if run == nil { continue }
                throw JournalError(
                    .noSuchRun, object: "run \(name)",
                    "it belongs to scenario '\(reading.record?.identity.scenario ?? "?")', not to '\(scenario)'")
            }
            if let end = reading.end, !end.isResumable {
                throw JournalError(
                    .noSuchRun, object: "run \(name)", "it is finished (\(end.verdict.rawValue)) and cannot be resumed",
                    hint: "run the command without --resume to start a new run")
            }
            return (name, reading)
        }
        throw JournalError(
            .noSuchRun, object: run.map { "run \($0)" } ?? "scenario '\(scenario)'",
            "there is no run to resume in '\(path)'",
            hint: "run the command without --resume to start a new run")
    }

    /// Locks a scenario, so that only one run of it is in progress on this machine.
    package func lock(_ scenario: String, run: String, holder: RunHolder) throws -> ScenarioLock {
        try ScenarioLock("\(path)/\(scenario).lock", scenario: scenario, run: run, holder: holder)
    }
}
