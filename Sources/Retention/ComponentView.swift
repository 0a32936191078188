/// The sets from the view of some components: the sets that hold them, complete if these components are whole.
///
/// Components that all sets hold in the same way share a view, so that a history in which every set holds all of them
/// is judged once.
struct ComponentView {
    /// In order; empty if the components of no set are known.
    let components: [String]
    /// True if these components are still configured. Only configured components have sets that no policy can drop.
    let isConfigured: Bool
    /// The positions of its sets among all sets, ascending.
    let positions: [Int]
    /// The sets, in the order of ``positions``.
    let sets: [DatedSet]

    private enum Hold: UInt8 { case absent, part, whole }

    private struct Key: Hashable {
        var holds: [UInt8]
        var isConfigured: Bool
    }

    /// - Parameters:
    ///   - sets: oldest first.
    ///   - configured: names of the configured components; nil for all.
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
            // If a set's components are not known, it may hold exactly these.
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
