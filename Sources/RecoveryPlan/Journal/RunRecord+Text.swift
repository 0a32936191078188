extension RunRecord {
    /// The backup set as text, "set 20261123T020000Z", or the sets if components come from several.
    package var setsText: String { Self.text(sets, newest: identity.set) }

    /// Returns the backup sets as text.
    /// - Parameter sets: the sets by component; nil if all components come from the newest one.
    package static func text(_ sets: [String: String]?, newest: String) -> String {
        guard let sets, Set(sets.values).count > 1 else { return "set \(newest)" }
        let parts = Dictionary(grouping: sets.keys.sorted(), by: { sets[$0] ?? "" }).sorted { $0.key > $1.key }
        return "sets " + parts.map { "\($0.key) (\($0.value.joined(separator: ", ")))" }.joined(separator: ", ")
    }
}
