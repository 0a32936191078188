/// The steps of a plan that belong to a run, and their dependencies.
package struct StepGraph: Sendable {
    /// In the order of the plan.
    package let steps: [Step]
    private let byID: [String: Int]

    /// - Parameter steps: a valid graph: each needed step exists, without cycles (`dr plan validate` checks both).
    package init(_ steps: [Step]) {
        self.steps = steps
        byID = Dictionary(steps.enumerated().map { ($1.id, $0) }) { first, _ in first }
    }

    package func step(_ id: String) -> Step? { byID[id].map { steps[$0] } }

    /// Returns every step that needs `id`, directly or through other steps.
    package func dependents(of id: String) -> Set<String> {
        var found: Set<String> = []
        var open = [id]
        while let next = open.popLast() {
            for step in steps where step.needs.contains(next) && found.insert(step.id).inserted {
                open.append(step.id)
            }
        }
        return found
    }

    /// The steps in waves: the steps of a wave need only steps of earlier waves. Steps in a cycle form the last wave.
    package var waves: [[Step]] {
        var missing = [Int](repeating: 0, count: steps.count)
        var dependents = [[Int]](repeating: [], count: steps.count)
        for (index, step) in steps.enumerated() {
            for need in step.needs.compactMap({ byID[$0] }) {
                missing[index] += 1
                dependents[need].append(index)
            }
        }
        var waves: [[Step]] = []
        var wave = steps.indices.filter { missing[$0] == 0 }
        while !wave.isEmpty {
            waves.append(wave.map { steps[$0] })
            var next: [Int] = []
            for dependent in wave.flatMap({ dependents[$0] }) {
                missing[dependent] -= 1
                if missing[dependent] == 0 { next.append(dependent) }
            }
            wave = next.sorted()
        }
        let cycle = steps.indices.filter { missing[$0] > 0 }
        return cycle.isEmpty ? waves : waves + [cycle.map { steps[$0] }]
    }

    /// Returns the chain of steps that takes longest.
    /// - Parameter weight: the duration of one step.
    package func criticalPath(_ weight: (Step) -> Double) -> (length: Double, steps: [String]) {
        var longest: [String: (length: Double, steps: [String])] = [:]
        for step in waves.joined() {
            let before = step.needs.compactMap { longest[$0] }.max { $0.length < $1.length } ?? (0, [])
            longest[step.id] = (before.length + weight(step), before.steps + [step.id])
        }
        return longest.values.max { $0.length < $1.length } ?? (0, [])
    }
}
