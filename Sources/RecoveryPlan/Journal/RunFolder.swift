internal import Foundation
internal import Glibc
internal import Platform

/// Where the journals of a machine are: `<state>/runs/<run>/journal.jsonl`.
package struct RunFolder: Sendable {
    package let path: String

    /// - Parameter state: the configured state folder; made where it is missing.
    package init(state: String) throws {
        path = "\(state)/runs"
        do {
            // Of the state folder only its parts are private: servers of drills pass through it.
            try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw JournalError(.cannotWrite, "folder '\(path)'", FileFailure.text(error))
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
                .cannotWrite, "folder '\(folder)'", FileFailure.text(error),
                hint: "a run is only carried out where it can be recorded")
        }
        return journal(of: run)
    }

    /// Identities of all runs, the newest last: they begin with their time.
    package func runs() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
            .filter { FileManager.default.fileExists(atPath: journal(of: $0)) }.sorted()
    }

    /// How many journals are looked at for earlier times, the newest.
    private static let mostJournals = 400

    /// How long steps took, by scenario. Journals that cannot be read, or were altered, say nothing; one is held at a
    /// time.
    /// - Parameter scenario: only this one.
    package func stepTimes(of scenario: String? = nil) -> [String: StepTimes] {
        var times: [String: StepTimes] = [:]
        for run in runs().reversed().prefix(Self.mostJournals) {
            guard let reading = try? JournalReading(path: journal(of: run)),
                let found = reading.record?.identity.scenario, scenario == nil || found == scenario
            else { continue }
            times[found, default: StepTimes()].add(reading)
            if let scenario, times[scenario]?.isFull == true { break }
        }
        return times
    }

    /// The run that `--resume` means: the one that is named, else the newest of the scenario.
    /// - Throws: ``JournalError`` `.noSuchRun`, `.tampered`, `.cannotRead`.
    package func resumable(_ run: String?, scenario: String, isDrill: Bool = false) throws -> (
        run: String, reading: JournalReading
    ) {
        for name in runs().reversed() where run == nil || run == name {
            let reading: JournalReading
            do { reading = try JournalReading(path: journal(of: name)) } catch  where run == nil {
                // Damaged beyond reading, or dead before it began: only a run asked for by name has to be readable,
                // unless it may be the very one that is meant.
                guard let error = error as? JournalError, error.reason == .cannotRead else { throw error }
                continue
            }
            guard let record = reading.record, record.identity.scenario == scenario, record.isDrill == isDrill else {
                if run == nil { continue }
                throw JournalError(
                    .noSuchRun, "run \(name)",
                    "it is of scenario '\(reading.record?.identity.scenario ?? "?")', not '\(scenario)'")
            }
            if let end = reading.end, !end.isResumable {
                throw JournalError(
                    .noSuchRun, "run \(name)", "it is finished (\(end.verdict.rawValue)): nothing is left to resume",
                    hint: "leave --resume out to begin anew")
            }
            return (name, reading)
        }
        throw JournalError(
            .noSuchRun, run.map { "run \($0)" } ?? "scenario '\(scenario)'", "there is no run to resume in '\(path)'",
            hint: "leave --resume out to begin one")
    }

    /// One run of a scenario at a time on this machine.
    package func lock(_ scenario: String, run: String, holder: RunHolder) throws -> ScenarioLock {
        try ScenarioLock("\(path)/\(scenario).lock", scenario: scenario, run: run, holder: holder)
    }
}
