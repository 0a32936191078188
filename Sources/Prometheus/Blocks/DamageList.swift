internal import BackupRepository

/// A list of damage: the first few entries in full, the rest as a number, so that one destroyed file does not fill a
/// report.
struct DamageList: Sendable {
    private static let limit = 16
    private var named: [Damage] = []
    private var more = 0

    var isEmpty: Bool { named.isEmpty }

    mutating func add(_ path: String, _ reason: String) { add(Damage(path: path, reason: reason)) }

    mutating func add(_ damage: Damage) {
        if named.count < Self.limit { named.append(damage) } else { more += 1 }
    }

    var list: [Damage] {
        guard more > 0, let last = named.last else { return named }
        return named + [Damage(path: last.path, reason: "and \(more) more")]
    }
}
