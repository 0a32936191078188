package import Documents

extension StepGraph {
    /// Names used twice, needs of what is not there, circles.
    package var complaints: [Diagnostic] {
        let found = duplicates + strangers
        return found.isEmpty ? circles : found
    }

    private var duplicates: [Diagnostic] {
        var first: [String: Location] = [:]
        return steps.compactMap { step in
            guard let earlier = first[step.id] else {
                first[step.id] = step.location
                return nil
            }
            return Diagnostic(step.location, "a step '\(step.id)' is there already, in line \(earlier.line)")
        }
    }

    private var strangers: [Diagnostic] {
        let ids = steps.map(\.id)
        return steps.flatMap { step in
            step.needs.filter { !ids.contains($0) }.map { need in
                Diagnostic(
                    step.location,
                    "step '\(step.id)' needs '\(need)', which is no step\(Spelling.advice(for: need, among: ids))")
            }
        }
    }

    private var circles: [Diagnostic] {
        guard let circle = firstCircle, let step = step(circle[0]) else { return [] }
        return [
            Diagnostic(
                step.location, "steps need each other in a circle: \(circle.joined(separator: " needs "))",
                hint: "take one of these needs away")
        ]
    }

    /// Ids along the first circle, its first one again at the end.
    private var firstCircle: [String]? {
        var finished: Set<String> = []
        var path: [String] = []
        func visit(_ id: String) -> [String]? {
            if finished.contains(id) { return nil }
            if let start = path.firstIndex(of: id) { return path[start...] + [id] }
            path.append(id)
            for need in step(id)?.needs ?? [] {
                if let circle = visit(need) { return circle }
            }
            path.removeLast()
            finished.insert(id)
            return nil
        }
        return steps.lazy.compactMap { visit($0.id) }.first
    }
}

extension Step {
    /// Seconds until it has failed for good: every attempt to its time-out, and the waits between them.
    package var longestDuration: Int {
        let timeout = Int(timeout.duration.components.seconds)
        let backoff = Int(retry.backoff.duration.components.seconds)
        let doublings = min(retry.attempts - 1, 30)
        return retry.attempts * timeout + backoff * ((1 << doublings) - 1)
    }
}
