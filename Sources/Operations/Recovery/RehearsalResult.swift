package import BackupRepository
package import ObjectStorage
import Platform

/// The rehearsal of one restore.
package struct RehearsedRestore: Encodable, Sendable {
    /// The step of the plan; nil without one.
    package var step: String?
    package var component: String
    package var set: String?
    package var files = 0
    /// Plain bytes of the files' contents.
    package var bytes = 0
    /// Bytes read from the store for contents.
    package var fetchedBytes = 0
    package var inspectedFiles = 0
    package var seconds = 0.0
    package var damage: [Damage] = []
    /// Paths that the backup itself lacks.
    package var missing: [Damage] = []
    /// The reason why the restore could not be rehearsed.
    package var error: String?
    /// True if a repository that is damaged is that reason.
    var isDamaged = false
    /// True if a failure of the step ends the run of the plan.
    var isRequired = true
    /// True if the set cannot be restored whole.
    var hasDamage: Bool { !damage.isEmpty || isDamaged }

    enum CodingKeys: CodingKey {
        case step, component, set, files, bytes, fetchedBytes, inspectedFiles, seconds, damage, missing, error
    }

    init(step: String? = nil, component: String) { (self.step, self.component) = (step, component) }

    var text: String {
        let name = step.map { $0 == component ? $0 : "\($0) (\(component))" } ?? component
        if let error { return "\(name): not rehearsed: \(error)" }
        let origin = set.map { " of set \($0)" } ?? ""
        let inspected = inspectedFiles > 0 ? ", \(Units.count(inspectedFiles, "file")) also by their format" : ""
        let head =
            "\(name)\(origin): read and verified \(Units.count(files, "file")), \(Units.bytes(bytes))\(inspected), in "
            + Units.duration(seconds)
        let shown = damage.prefix(20).map { "  damaged: \($0.path.printable): \($0.reason.printable)" }
        let more = damage.count > 20 ? ["  and \(damage.count - 20) more"] : []
        return ([head] + shown + more).joined(separator: "\n")
    }
}

/// The result of `dr restore --rehearse`.
package struct RehearsalResult: Encodable, Sendable {
    package var rehearsal = true
    /// Nil for the rehearsal of one component.
    package var scenario: String?
    package var restores: [RehearsedRestore]
    /// The steps of the plan that are not restores.
    package var skipped: [String] = []
    package var seconds = 0.0
    package var bytes: Int { restores.map(\.bytes).clampedSum() }
    /// Nil if the requests were not counted.
    package var transfer: Transfer?
    /// The work of each step that is a restore, by step; of a component, by its name. See `Step.work`.
    var works: [String: String] = [:]

    init(scenario: String? = nil, restores: [RehearsedRestore]) {
        (self.scenario, self.restores) = (scenario, restores)
    }

    private enum CodingKeys: CodingKey { case rehearsal, scenario, restores, skipped, seconds, bytes, transfer }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(rehearsal, forKey: .rehearsal)
        try values.encodeIfPresent(scenario, forKey: .scenario)
        try values.encode(restores, forKey: .restores)
        try values.encode(skipped, forKey: .skipped)
        try values.encode(seconds, forKey: .seconds)
        try values.encode(bytes, forKey: .bytes)
        try values.encodeIfPresent(transfer, forKey: .transfer)
    }

    /// - Parameter reading: the requests of the rehearsal.
    package func with(_ reading: StoreMeter.Reading) -> RehearsalResult {
        var result = self
        result.transfer = Transfer(wanted: bytes, reading)
        return result
    }

    package var isDamaged: Bool { restores.contains(where: \.hasDamage) }
    /// The sets that cannot be restored whole.
    var damagedSets: Set<Timestamp> {
        Set(restores.filter(\.hasDamage).compactMap { restore in restore.set.flatMap { Timestamp($0) } })
    }
    /// The first damage, in one line.
    var firstDamage: String? {
        restores.lazy.compactMap { restore in
            if let damage = restore.damage.first {
                return "\(restore.component)/\(damage.path.printable): \(damage.reason.printable)"
            }
            return restore.isDamaged ? restore.error.map { "\(restore.component): \($0)" } : nil
        }.first
    }
    package var hasFailed: Bool { restores.contains { $0.error != nil && $0.isRequired } }
    package var isPartial: Bool { restores.contains { $0.error != nil } }

    package var text: String {
        var lines = restores.map(\.text)
        if !skipped.isEmpty {
            lines.append("steps that are not restores, not done: \(skipped.joined(separator: ", "))")
        }
        let rate = seconds > 0 && bytes > 0 ? ", \(Units.bytes(Int(clamping: Double(bytes) / seconds)))/s" : ""
        lines.append("time: \(Units.duration(seconds)) for \(Units.bytes(bytes))\(rate)")
        if let transfer { lines.append(transfer.text) }
        lines.append("nothing was written to a target")
        return lines.joined(separator: "\n")
    }
}

/// The traffic between a store and a restore.
package struct Transfer: Encodable, Equatable, Sendable {
    /// Plain bytes of the contents that the store had to deliver.
    package var wantedBytes: Int
    /// Bytes of all objects that the store delivered, documents included.
    package var fetchedBytes: Int
    package var requests: Int

    package init(wanted: Int, _ reading: StoreMeter.Reading) {
        (wantedBytes, fetchedBytes, requests) = (wanted, reading.bytes, reading.requests)
    }

    package var text: String {
        let ratio =
            wantedBytes > 0 ? ": \(Units.fixed(Double(fetchedBytes) / Double(wantedBytes), 2)) bytes per byte" : ""
        return "fetched \(Units.bytes(fetchedBytes)) in \(Units.count(requests, "request")) for "
            + "\(Units.bytes(wantedBytes)) of content\(ratio)"
    }
}
