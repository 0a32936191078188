package import StrictYAML

/// The steps of a plan as a graph: what is wrong with it, which steps may run side by side, how long it may take.
package struct StepGraph {
    /// In the order of the file.
    package let steps: [Step]

    private let byID: [String: Step]

    package init(_ steps: [Step]) {
        self.steps = steps
        byID = Dictionary(steps.map { ($0.id, $0) }) { first, _ in first }
    }

    // MARK: What is wrong with it

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

    // MARK: Order

    /// Steps that may run side by side, wave after wave: each step stands in the first wave that comes after all it
    /// needs. The engine does not wait for a wave's end: a step begins when what it needs is done.
    package var waves: [[Step]] {
        let depth = longest { _ in 1 }
        return Dictionary(grouping: steps) { depth[$0.id]?.length ?? 0 }.sorted { $0.key < $1.key }.map(\.value)
    }

    // MARK: Time

    /// The way through the plan whose time-outs, all attempts used up, take longest.
    package var criticalPath: CriticalPath {
        let lengths = longest { $0.longestDuration }
        guard var id = steps.map(\.id).max(by: { (lengths[$0]?.length ?? 0) < (lengths[$1]?.length ?? 0) }) else {
            return CriticalPath(ids: [], seconds: 0)
        }
        var path = CriticalPath(ids: [id], seconds: lengths[id]?.length ?? 0)
        while let before = lengths[id]?.before {
            path.ids.insert(before, at: 0)
            id = before
        }
        return path
    }

    /// For each step the greatest sum of `weight` on a way that ends with it, and the step before it on that way.
    private func longest(_ weight: (Step) -> Int) -> [String: (length: Int, before: String?)] {
        var found: [String: (length: Int, before: String?)] = [:]
        func length(_ step: Step) -> Int {
            if let known = found[step.id] { return known.length }
            let needs = step.needs.compactMap(self.step).map { (id: $0.id, length: length($0)) }
            let last = needs.max { $0.length < $1.length }
            let result = weight(step) + (last?.length ?? 0)
            found[step.id] = (result, last?.id)
            return result
        }
        for step in steps { _ = length(step) }
        return found
    }

    private func step(_ id: String) -> Step? { byID[id] }
}

package struct CriticalPath: Equatable, Sendable {
    package var ids: [String]
    /// All time-outs, attempts and waits on it.
    package var seconds: Int
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
