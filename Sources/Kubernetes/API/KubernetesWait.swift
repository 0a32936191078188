package import Documents
internal import Platform

/// Objects that must reach a condition.
///
/// `kubectl wait` fails immediately if no object matches yet, and succeeds if there is no object to delete. dr
/// therefore waits first until an object exists.
package struct KubernetesWait {
    /// `TYPE/NAME`, or a type with a selector.
    package let what: String
    package let selector: String?
    package let condition: String
    package let within: Period
    package let kubectl: Kubectl

    package init(what: String, selector: String?, condition: String, within: Period, kubectl: Kubectl) {
        self.what = what
        self.selector = selector
        self.condition = condition
        self.within = within
        self.kubectl = kubectl
    }

    package static func arguments(_ what: String, selector: String?, condition: String, within: Period) -> [String] {
        ["wait", what] + (selector.map { ["--selector=\($0)"] } ?? [])
            + ["--for=\(condition)", "--timeout=\(within.kubectl)"]
    }

    package func await() async throws -> String {
        let deadline = ContinuousClock.now + within.duration
        let found = try await find()
        if condition == "delete", found == 0 { return "\(subject): no such object" }
        if condition != "delete", condition != "create", found == 0 { try await awaitOne(deadline) }
        let left = max(1, (deadline - .now).components.seconds)
        do {
            try await kubectl.run(
                Self.arguments(what, selector: selector, condition: condition, within: .seconds(Int(clamping: left))),
                timeout: .seconds(Int(clamping: left)))
        } catch var error as KubernetesError where error.reason == .failed {
            error.reason = .notSo
            error.operation = "\(subject), for \(condition)"
            throw error
        }
        return "\(subject): \(condition)\(found > 1 ? ", \(found) of them" : "")"
    }

    private var subject: String { what + (selector.map { " with \($0)" } ?? "") }

    private func find() async throws -> Int {
        let arguments = ["get", what] + (selector.map { ["--selector=\($0)"] } ?? [])
        let names = try await kubectl.run(arguments + ["--ignore-not-found", "--output=name"])
        return names.split(separator: "\n").count
    }

    private func awaitOne(_ deadline: ContinuousClock.Instant) async throws {
        while try await find() == 0 {
            guard ContinuousClock.now < deadline else {
                throw KubernetesError(
                    .notSo, operation: "\(subject), for \(condition)", "no such object within \(within)",
                    hint: "check the names, the selector and the namespace")
            }
            try await Task.sleep(for: .seconds(1))
        }
    }
}
