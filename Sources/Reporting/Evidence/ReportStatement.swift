internal import Cryptography
internal import FoundationEssentials

/// An in-toto statement about a report: the SHA-256 of the report, its journal, the backup sets and the plan, and the
/// facts that an auditor needs first.
///
/// Format: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md. `docs/evidence.md` describes the predicate.
package struct ReportStatement: Codable, Equatable, Sendable {
    package static let type = "https://in-toto.io/Statement/v1"
    package static let mediaType = "application/vnd.in-toto+json"
    package static let predicateType = "urn:dr:evidence:v1"

    package var statementType: String
    package var subject: [Subject]
    package var predicateType: String
    package var predicate: Predicate

    enum CodingKeys: String, CodingKey {
        case statementType = "_type"
        case subject, predicateType, predicate
    }

    package struct Subject: Codable, Equatable, Sendable {
        package var name: String
        package var digest: [String: String]

        init(_ name: String, sha256: String) {
            self.name = name
            digest = ["sha256": sha256]
        }
    }

    package struct Predicate: Codable, Equatable, Sendable {
        package var run: String
        package var kind: Evidence.Kind
        package var verdict: Evidence.Verdict
        package var stack: String
        package var scenario: String
        package var components: [String]
        package var host: String
        package var tool: String
        /// T0 to T6.
        package var clocks: Clocks
        package var rto: Objective
        package var rpo: Objective
        package var control: Control?
        /// Absent if the journal does not record it.
        package var segregation: Segregation.Verdict?
        package var deviations: Int
    }

    /// Seconds.
    package struct Objective: Codable, Equatable, Sendable {
        package var allowed: Double?
        package var measured: Double?
        package var met: Bool?
    }

    /// The control run of a drill.
    package struct Control: Codable, Equatable, Sendable {
        package var fault: String
        package var detected: Bool
    }

    package init(_ report: Report) {
        let evidence = report.evidence, subject = evidence.subject
        statementType = Self.type
        predicateType = Self.predicateType
        let journal = [UInt8]((evidence.journal.lines.joined(separator: "\n") + "\n").utf8)
        var subjects = [
            Subject("report.json", sha256: report.digest), Subject("journal.jsonl", sha256: Digest(of: journal).hex),
        ]
        subjects += subject.allSets.sorted { $0.key < $1.key }.map { Subject("sets/\($0.key).json", sha256: $0.value) }
        subjects.append(Subject("plan \(subject.scenario)", sha256: subject.planDigest))
        self.subject = subjects
        predicate = Predicate(
            run: subject.run, kind: evidence.kind, verdict: evidence.verdict, stack: subject.stack,
            scenario: subject.scenario, components: subject.components, host: subject.host, tool: subject.tool,
            clocks: evidence.clocks,
            rto: Objective(allowed: evidence.rto.allowed, measured: evidence.rto.judged, met: evidence.rto.met),
            rpo: Objective(allowed: evidence.rpo.allowed, measured: evidence.rpo.worst, met: evidence.rpo.met),
            control: evidence.negativeControl.map { Control(fault: $0.damage, detected: $0.noticed) },
            segregation: evidence.segregation?.verdict,
            deviations: evidence.deviations.count)
    }

    var document: [UInt8] {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return [UInt8](try encoder.encode(self))
        }
    }
}
