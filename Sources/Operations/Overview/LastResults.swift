import BackupRepository
import FoundationEssentials
import Metrics
import Platform
import RecoveryPlan
import Reporting
import StackConfiguration
import Synchronization

/// The results of the newest runs of this stack on this machine, from its state folder.
package struct LastResults: Codable, Equatable, Sendable {
    /// The newest recovery or drill of a scenario that has ended.
    package struct Test: Codable, Equatable, Sendable {
        package var run: String
        package var scenario: String
        package var isDrill: Bool
        /// The verdict of its evidence.
        package var verdict: String

        package init(run: String, scenario: String, isDrill: Bool, verdict: String) {
            (self.run, self.scenario, self.isDrill, self.verdict) = (run, scenario, isDrill, verdict)
        }

        package var name: String { "\(isDrill ? "drill" : "recovery") of \(scenario)" }

        package var colour: StackOverview.Colour {
            switch verdict {
            case "passed": .green
            case "failed": .red
            default: .amber
            }
        }

        /// The words for a test that did not pass.
        package var sentence: String {
            switch verdict {
            case "late": "The newest \(name) missed an objective"
            case "partial": "The newest \(name) was partial"
            case "inconclusive": "The newest \(name) was inconclusive"
            default: "The newest \(name) failed"
            }
        }
    }

    /// True if the newest backup run from this machine wrote no set.
    package var isBackupFailed = false
    /// By scenario.
    package var tests: [Test] = []

    package init(isBackupFailed: Bool = false, tests: [Test] = []) {
        self.isBackupFailed = isBackupFailed
        self.tests = tests
    }
}

/// Reads the newest results, and the journals only if they have changed.
final class ResultReader: Sendable {
    private let runs: RunFolder
    private let stack: String
    private let record: String
    private let known = Mutex<(versions: [String], tests: [LastResults.Test])?>(nil)
    /// The number of newest journals that are looked at.
    private static let most = 60
    private static let longest = 8 << 20

    init(_ session: Session) {
        runs = RunFolder(reading: session.stateRoot)
        stack = session.configuration.stack
        record = session.metricsRecordPath
    }

    /// - Parameter folder: the state of the repository; nil if it was not opened yet.
    func read(_ folder: StateFolder?) -> LastResults {
        let attempt = MetricsRecord.read(record)?.book.families
            .first { $0.name == MetricDefinition.backupAttemptSuccess.name }?.samples.first?.value
        return LastResults(isBackupFailed: (folder?.failedRuns() ?? 0) > 0 || attempt == .number(0), tests: tests())
    }

    private func tests() -> [LastResults.Test] {
        let names = runs.runs().filter(RunFolder.isProperName).reversed().prefix(Self.most)
        let files = names.compactMap { name -> (name: String, size: Int, version: String)? in
            guard let facts = try? FileManager.default.attributesOfItem(atPath: runs.journal(of: name)),
                let size = facts[.size] as? Int, let date = facts[.modificationDate] as? Date
            else { return nil }
            return (name, size, "\(name) \(size) \(date.timeIntervalSince1970)")
        }
        let versions = files.map(\.version)
        if let known = known.withLock({ $0 }), known.versions == versions { return known.tests }
        var found: [String: LastResults.Test] = [:]
        for file in files where file.size <= Self.longest {
            guard let test = test(file.name), found[test.scenario] == nil else { continue }
            found[test.scenario] = test
        }
        let tests = found.values.sorted { $0.scenario < $1.scenario }
        known.withLock { $0 = (versions, tests) }
        return tests
    }

    /// - Returns: nil if the run has not ended, or belongs to another stack.
    private func test(_ name: String) -> LastResults.Test? {
        do {
            let reading = try JournalReading(path: runs.journal(of: name))
            guard let record = reading.record, record.identity.stack == stack, reading.end != nil else { return nil }
            return LastResults.Test(
                run: name, scenario: record.identity.scenario.printable, isDrill: record.isDrill,
                verdict: try Evidence(reading).verdict.rawValue)
        } catch { return nil }  // the page of runs names an altered journal
    }
}
