/// The decision on one set, combined from the views of its components: kept if any of them keeps it.
struct JointDecision {
    /// A reason, and the components to which it applies.
    private struct Part {
        var reason: Reason
        var components: [String]
    }

    private(set) var isKept = false
    private var keeping: [Part] = []
    private var dropping: [Part] = []
    /// All components whose views have the set.
    private var seen = 0

    mutating func add(_ decision: (isKept: Bool, reasons: [Reason]), for components: [String]) {
        seen += components.count
        if decision.isKept {
            isKept = true
            Self.add(decision.reasons, for: components, to: &keeping)
        } else {
            Self.add(decision.reasons, for: components, to: &dropping)
        }
    }

    private static func add(_ reasons: [Reason], for components: [String], to parts: inout [Part]) {
        for reason in reasons {
            if let index = parts.firstIndex(where: { $0.reason == reason }) {
                parts[index].components += components
            } else {
                parts.append(Part(reason: reason, components: components))
            }
        }
    }

    /// Floors first. A reason that applies to all components of the set does not name them.
    var reasons: [Reason] {
        let parts = isKept ? keeping : dropping
        let ordered = parts.filter { $0.reason.isFloor } + parts.filter { !$0.reason.isFloor }
        return ordered.map { part in
            part.components.count == seen ? part.reason : .of(part.components.sorted(), part.reason)
        }
    }
}
