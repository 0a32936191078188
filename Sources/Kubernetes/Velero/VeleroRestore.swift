package import Documents
internal import Platform

/// A restore that Velero carries out: an object whose status tells how far it is.
///
/// The phases are those of Velero 1.11 to 1.16: https://velero.io/docs/main/api-types/restore/
package struct VeleroRestore {
    package let name: String
    package let within: Period
    package let kubectl: Kubectl
    private let interval: Duration

    /// - Parameter kubectl: for the namespace of Velero.
    package init(name: String, within: Period, kubectl: Kubectl, interval: Duration = .seconds(2)) {
        self.name = name
        self.within = within
        self.kubectl = kubectl
        self.interval = interval
    }

    package static func arguments(_ name: String) -> [String] {
        ["get", "restores.velero.io/\(name)", "--ignore-not-found", "--output=json"]
    }

    private static let unfinished = "it did not end"

    /// Waits until Velero has completed the restore.
    /// - Parameter tell: receives each new state, in words.
    /// - Throws: ``KubernetesError``: `hopeless` if Velero ended it with errors, `notSo` if it did not end in time.
    package func await(tell: (String) -> Void) async throws -> String {
        let deadline = ContinuousClock.now + within.duration
        var last = ""
        while true {
            let state = try await state()
            switch state {
            case .completed(let text): return text
            case .failed(let text): throw failure(.hopeless, text, hint: describe)
            case .running(let text):
                if text != last { tell("Velero restore '\(name)': \(text)") }
                last = text
            }
            guard .now + interval < deadline else {
                throw failure(.notSo, "\(Self.unfinished) within \(within): \(last)", hint: describe)
            }
            try await Task.sleep(for: interval)
        }
    }

    private var describe: String { "see `velero restore describe \(name) --details` and `velero restore logs \(name)`" }

    private func failure(_ reason: KubernetesError.Reason, _ detail: String, hint: String?) -> KubernetesError {
        KubernetesError(reason, operation: "Velero restore '\(name)'", detail, hint: hint)
    }

    // MARK: State

    enum State: Equatable {
        case running(String), completed(String), failed(String)
    }

    private func state() async throws -> State {
        do {
            return State(try await kubectl.object("restores.velero.io/\(name)"))
        } catch let error as KubernetesError where error.isConnectionFailure {
            // Velero may restore a cluster whose API server is still starting.
            return .running("the API server does not answer")
        }
    }
}

extension VeleroRestore.State {
    /// - Parameter object: nil if the restore does not exist yet.
    init(_ object: JSONValue?) {
        guard let object else {
            self = .running("it does not exist")
            return
        }
        let status = object["status"] ?? [:]
        let phase = status["phase"]?.text ?? "New"
        let parts = [phase.printable, Self.items(status), Self.counts(status), Self.reason(status)].compactMap { $0 }
        let text = parts.joined(separator: ", ")
        switch phase {
        case "Completed":
            let backup = object["spec"]?["backupName"]?.text.map { " of backup '\($0.printable)'" } ?? ""
            self = .completed("Velero restored '\(object["metadata"]?["name"]?.text ?? "")'\(backup): \(text)")
        case "PartiallyFailed", "Failed", "FailedValidation": self = .failed(text)
        default: self = .running(text)
        }
    }

    private static func items(_ status: JSONValue) -> String? {
        guard let total = status["progress"]?["totalItems"]?.integer else { return nil }
        return "\(status["progress"]?["itemsRestored"]?.integer ?? 0) of \(total) items"
    }

    private static func counts(_ status: JSONValue) -> String? {
        let counts = ["errors", "warnings"].compactMap { name -> String? in
            guard let count = status[name]?.integer, count > 0 else { return nil }
            return "\(count) \(count == 1 ? String(name.dropLast()) : name)"
        }
        return counts.isEmpty ? nil : counts.joined(separator: ", ")
    }

    private static func reason(_ status: JSONValue) -> String? {
        let errors = (status["validationErrors"]?.array ?? []).compactMap { $0.text?.printable }
        let reasons = [status["failureReason"]?.text?.printable].compactMap { $0 } + errors
        return reasons.isEmpty ? nil : reasons.joined(separator: "; ")
    }
}
