/// The sets as some components see them: those that hold these components, complete where these are whole.
///
/// Components that all sets hold in the same way share a view, so that a history in which every set holds all of them is
/// judged once.
struct ComponentView {
    /// In order; empty where nothing is known of any set's components.
    let components: [String]
    /// Whether these components are still configured: only they have sets that no policy can drop.
    let isConfigured: Bool
    /// Of its sets among all sets, ascending.
    let positions: [Int]
    /// As ``positions``.
    let sets: [DatedSet]

    private enum Hold: UInt8 { case absent, part, whole }

    private struct Key: Hashable {
        var holds: [UInt8]
        var isConfigured: Bool
    }

    /// - Parameters:
    ///   - sets: oldest first.
    ///   - configured: components that are; nil for all.
    static func views(_ sets: [DatedSet], configured: Set<String>?) -> [ComponentView] {
        var holds: [String: [UInt8]] = [:]
        for (position, set) in sets.enumerated() {
            for (component, isWhole) in set.facts.components ?? [:] {
                let hold = isWhole ? Hold.whole : .part
                holds[component, default: [UInt8](repeating: Hold.absent.rawValue, count: sets.count)][position] =
                    hold.rawValue
            }
        }
        guard !holds.isEmpty else {
            return [ComponentView(components: [], isConfigured: true, positions: Array(sets.indices), sets: sets)]
        }
        let groups = Dictionary(grouping: holds.keys) { component in
            Key(holds: holds[component] ?? [], isConfigured: configured?.contains(component) ?? true)
        }
        return groups.map { key, components in view(of: components.sorted(), sharing: key, in: sets) }
            .sorted { $0.components.lexicographicallyPrecedes($1.components) }
    }

    private static func view(of components: [String], sharing key: Key, in sets: [DatedSet]) -> ComponentView {
        var positions: [Int] = []
        var seen: [DatedSet] = []
        for (position, set) in sets.enumerated() {
            // A set of which it is not known holds perhaps just these.
            let isUnknown = set.facts.components?.isEmpty ?? true
            guard isUnknown || key.holds[position] != Hold.absent.rawValue else { continue }
            var set = set
            if !isUnknown { set.facts.isComplete = key.holds[position] == Hold.whole.rawValue }
            positions.append(position)
            seen.append(set)
        }
        return ComponentView(
            components: components, isConfigured: key.isConfigured, positions: positions, sets: seen)
    }
}
