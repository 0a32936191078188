extension RunRecord {
    /// "set 20261123T020000Z", or the sets of a recovery that takes components from several.
    package var setsText: String { Self.text(sets, newest: identity.set) }

    /// - Parameter sets: by component; nil where all are the newest.
    package static func text(_ sets: [String: String]?, newest: String) -> String {
        guard let sets, Set(sets.values).count > 1 else { return "set \(newest)" }
        let parts = Dictionary(grouping: sets.keys.sorted(), by: { sets[$0] ?? "" }).sorted { $0.key > $1.key }
        return "sets " + parts.map { "\($0.key) (\($0.value.joined(separator: ", ")))" }.joined(separator: ", ")
    }
}
