internal import Components
internal import Cryptography
internal import Documents
internal import Foundation
package import Lab
internal import RecoveryPlan
internal import Reporting

/// The journal of a run, and the report that is made from it. Changed lines are hashed and chained again.
package struct JournalTarget: FuzzTarget {
    package static let name = "journal"
    private let lines: [[UInt8]]

    init(in folder: String) throws {
        let path = "\(folder)/seed-journal.jsonl"
        try? FileManager.default.removeItem(atPath: path)
        let journal = try Journal(creating: path)
        for event in Self.events { try journal.append(event) }
        lines = try Data(contentsOf: URL(filePath: path)).split(separator: UInt8(ascii: "\n")).map { [UInt8]($0) }
    }

    private static var events: [JournalEvent] {
        let holder = RunHolder(person: "ada", host: "vault", process: 7, boot: MonotonicClock.boot)
        var record = RunRecord(
            identity: RunIdentity(id: "r", stack: "lab", scenario: "loss", set: "20261123T010000Z"), isDrill: true,
            procedure: nil, planDigest: "p", parameters: ["a": "b"], setDigest: "s", components: ["prometheus"],
            tool: "dr 1", holder: holder, startedAt: Date(timeIntervalSince1970: 1_800_000_000))
        record.steps = ["prometheus"]
        record.rto = 3600
        record.rpo = 3600
        record.declaredAt = Date(timeIntervalSince1970: 1_800_000_000)
        var done = ActionRecord("restored prometheus")
        done.restored = RestoredComponent(
            component: "prometheus", set: "20261123T010000Z", newest: 1_799_999_000_000, files: 3, bytes: 9)
        let check = CheckResult("prometheus_ready", component: "prometheus", .passed, measured: "m", target: "t")
        return [
            .runBegan(run: record),
            .liveStack(component: "prometheus", isAfter: false, digest: "same"),
            .stepBegan(attempt: StepAttempt(step: "prometheus", attempt: 1)),
            .stepFinished(
                result: StepResult(step: "prometheus", attempt: 1, outcome: .done, seconds: 2, record: done)),
            .checksFinished(checks: [check]),
            .reached(milestone: .validated),
            .negativeControl(damage: "a byte", expected: ["x"], red: ["x"], noticed: true),
            .liveStack(component: "prometheus", isAfter: true, digest: "same"),
            .runFinished(end: RunEnd(.recovered, reasons: [])),
        ]
    }

    package func input(_ random: inout CorpusRandom) -> [UInt8] {
        guard random.below(5) > 0 else {
            return ByteMutation.apply(to: Array(lines.joined(separator: [10])), splicing: lines, &random)
        }
        let changed = random.below(lines.count)
        var previous = ""
        return lines.enumerated().flatMap { number, line -> [UInt8] in
            guard let value = try? JSONValue(parsing: line) else { return line + [10] }
            var document = JSONText(value.removing(["sha256"]))
            if number == changed { document = JSONMutation.apply(to: document, &random) }
            document = document.settingText("previous", to: previous)
            let bytes = document.bytes
            previous = Digest(of: bytes).hex
            return Array("{\"sha256\":\"\(previous)\",".utf8) + bytes.dropFirst() + [10]
        }
    }

    package func run(_ input: [UInt8], in place: FuzzPlace) {
        guard let reading = try? JournalReading(input, name: "journal"), let evidence = try? Evidence(reading),
            let report = try? Report(evidence)
        else { return }
        for format in Report.Format.allCases { _ = try? report.rendered(as: format) }
    }
}

extension JSONText {
    /// Returns an object with another text in one of its members.
    fileprivate func settingText(_ name: String, to text: String) -> JSONText {
        guard case .object(let members) = self else { return self }
        return .object(members.map { $0.name == name ? ($0.name, .string(text)) : $0 })
    }
}
