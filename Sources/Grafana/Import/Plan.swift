internal import BackupRepository

/// The result of comparing an object with the target, and the write that makes them equal.
struct Plan {
    var outcome: ImportedObject.Outcome
    var details: [String] = []
    var missingSecrets: [String] = []
    /// Writes; not called in a dry run. Returns further details for the report.
    var apply: (() async throws -> [String])?

    static var same: Plan { Plan(outcome: .same) }

    static func create(_ details: [String] = [], apply: @escaping () async throws -> [String]) -> Plan {
        Plan(outcome: .create, details: details, apply: apply)
    }

    static func update(_ details: [String] = [], apply: @escaping () async throws -> [String]) -> Plan {
        Plan(outcome: .update, details: details, apply: apply)
    }

    static func skipped(_ detail: String) -> Plan { Plan(outcome: .skipped, details: [detail]) }

    func object(_ kind: String, _ name: String) -> ImportedObject {
        ImportedObject(
            kind, name, outcome: outcome, detail: details.isEmpty ? nil : details.joined(separator: "; "),
            missingSecrets: missingSecrets)
    }
}

/// The reason why one object cannot be restored; the import of the others continues.
struct Obstacle: Error {
    var outcome: ImportedObject.Outcome
    var detail: String
    var missingSecrets: [String] = []

    init(_ outcome: ImportedObject.Outcome, _ detail: String, missingSecrets: [String] = []) {
        self.outcome = outcome
        self.detail = detail
        self.missingSecrets = missingSecrets
    }

    static func conflict(_ detail: String) -> Obstacle { Obstacle(.conflict, detail) }
    static func failed(_ detail: String) -> Obstacle { Obstacle(.failed, detail) }
}
