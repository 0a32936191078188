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
        while true {
            let left = Period.seconds(Int(clamping: max(1, (deadline - .now).components.seconds)))
            do {
                // An API server that goes away in between must not use up the time of a second wait.
                try await kubectl.impatient.run(
                    Self.arguments(what, selector: selector, condition: condition, within: left), timeout: left)
                return "\(subject): \(condition)\(found > 1 ? ", \(found) of them" : "")"
            } catch let error as KubernetesError where error.isUnreachable && kubectl.patience?.hasTime == true {
                _ = try await find()
                if ContinuousClock.now >= deadline { throw try await unfulfilled(error) }
            } catch let error as KubernetesError where error.reason == .failed {
                throw try await unfulfilled(error)
            }
        }
    }

    /// Adds the reason of the first object that has one.
    private func unfulfilled(_ failure: KubernetesError) async throws -> KubernetesError {
        var error = failure
        error.reason = .notSo
        error.operation = "\(subject), for \(condition)"
        guard error.detail.contains("timed out") else { return error }
        for object in try await objects().prefix(20) {
            guard let reason = try await ClusterReasons(kubectl).reason(of: object) else { continue }
            error.detail = "not within \(within): \(reason)"
            break
        }
        return error
    }

    private func objects() async throws -> [JSONValue] {
        do {
            guard let selector else { return try await kubectl.impatient.object(what).map { [$0] } ?? [] }
            return try await kubectl.impatient.objects(what, ["--selector=\(selector)"])
        } catch is KubernetesError { return [] }
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
