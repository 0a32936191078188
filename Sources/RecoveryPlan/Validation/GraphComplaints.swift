package import Documents

extension StepGraph {
    /// Duplicate ids, needs of unknown steps, and cycles.
    package var complaints: [Diagnostic] {
        let found = duplicates + unknownNeeds
        return found.isEmpty ? cycles : found
    }

    private var duplicates: [Diagnostic] {
        var first: [String: Location] = [:]
        return steps.compactMap { step in
            guard let earlier = first[step.id] else {
                first[step.id] = step.location
                return nil
            }
            return Diagnostic(step.location, "duplicate step '\(step.id)': line \(earlier.line) already defines it")
        }
    }

    private var unknownNeeds: [Diagnostic] {
        let ids = steps.map(\.id)
        return steps.flatMap { step in
            step.needs.filter { !ids.contains($0) }.map { need in
                Diagnostic(
                    step.location,
                    "step '\(step.id)' needs '\(need)', but there is no such step\(Spelling.advice(for: need, among: ids))"
                )
            }
        }
    }

    private var cycles: [Diagnostic] {
        guard let cycle = firstCycle, let step = step(cycle[0]) else { return [] }
        return [
            Diagnostic(
                step.location, "steps depend on each other in a cycle: \(cycle.joined(separator: " needs "))",
                hint: "remove one of these needs")
        ]
    }

    /// The ids along the first cycle, with the first id repeated at the end.
    private var firstCycle: [String]? {
        var finished: Set<String> = []
        var path: [String] = []
        func visit(_ id: String) -> [String]? {
            if finished.contains(id) { return nil }
            if let start = path.firstIndex(of: id) { return path[start...] + [id] }
            path.append(id)
            for need in step(id)?.needs ?? [] {
                if let cycle = visit(need) { return cycle }
            }
            path.removeLast()
            finished.insert(id)
            return nil
        }
        return steps.lazy.compactMap { visit($0.id) }.first
    }
}

extension Step {
    /// The longest time in seconds until the step has finally failed: each attempt's time-out and the waits between.
    package var longestDuration: Int {
        let timeout = Int(timeout.duration.components.seconds)
        let backoff = Int(retry.backoff.duration.components.seconds)
        let doublings = min(retry.attempts - 1, 30)
        return retry.attempts * timeout + backoff * ((1 << doublings) - 1)
    }
}
