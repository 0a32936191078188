package import Documents

/// A Job made from a CronJob, whose end is awaited.
///
/// A retry and a resumed run find the Job by its name: they await one that still runs, and replace one that failed.
package struct KubernetesJob: Sendable {
    /// The CronJob.
    package let source: KubernetesObject
    package let name: String
    package let within: Period
    package let kubectl: Kubectl
    /// Labels of the Job.
    package var labels: [String: String] = [:]

    package init(source: KubernetesObject, name: String, within: Period, kubectl: Kubectl) {
        self.source = source
        self.name = name
        self.within = within
        self.kubectl = kubectl
    }

    /// Returns the name of the Job that a run makes.
    /// - Parameter run: the id of the run.
    package static func name(of source: KubernetesObject, run: String) -> String {
        let end = run.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.suffix(8)
        // The pods' names add a suffix to at most 63 characters.
        return "\(source.name.prefix(43))-dr-\(end.isEmpty ? "run" : end)"
    }

    package static func arguments(_ source: KubernetesObject, _ name: String) -> [String] {
        ["create", "job", name, "--from=\(source)"]
    }

    private var object: String { "job/\(name)" }

    package func run() async throws -> String {
        if let old = try await kubectl.object(object) {
            switch Self.end(of: old) {
            case .complete?: return "\(object) is complete already"
            case .failed?:
                try await kubectl.run(
                    ["delete", object, "--ignore-not-found", "--cascade=foreground", "--wait=true", "--timeout=60s"],
                    timeout: .seconds(60))
                try await create()
            case nil: break
            }
        } else {
            try await create()
        }
        return try await awaitEnd()
    }

    private func create() async throws {
        let text = try await kubectl.run(Self.arguments(source, name) + ["--dry-run=client", "--output=json"])
        var job = try kubectl.json(text, of: object)
        let metadata = job["metadata"] ?? [:]
        let own = labels.mapValues { JSONValue.string($0) }
        job["metadata"] = metadata.adding(["labels": (metadata["labels"] ?? [:]).adding(own)])
        do {
            try await kubectl.run(["create", "--filename=-"], input: job.compact)
        } catch let error as KubernetesError where error.detail.contains("(AlreadyExists)") {
            // The answer to an earlier request was lost.
        }
    }

    private func awaitEnd() async throws -> String {
        var last: JSONValue?
        let end = try await ClusterPolling(within: within).first { () -> End? in
            last = try await kubectl.object(object)
            guard let last else { throw failure(.failed, "it was deleted before its end") }
            return Self.end(of: last)
        }
        switch end {
        case .complete?: return "\(object) from \(source) is complete"
        case .failed(let reason)?:
            throw failure(
                .failed, "it failed: \(reason)", hint: "see `kubectl logs \(object)`, or its pods' events")
        case nil:
            let reason = try await reason(last)
            throw failure(.notSo, "it is not complete after \(within)\(reason.map { ": \($0)" } ?? "")")
        }
    }

    private func reason(_ job: JSONValue?) async throws -> String? {
        guard let job else { return nil }
        return try await ClusterReasons(kubectl).reason(of: job)
    }

    private enum End {
        case complete
        case failed(String)
    }

    private static func end(of job: JSONValue) -> End? {
        for condition in job["status"]?["conditions"]?.array ?? [] where condition["status"]?.text == "True" {
            switch condition["type"]?.text {
            case "Complete": return .complete
            case "Failed":
                let reason = condition["reason"]?.text ?? "Failed"
                return .failed(condition["message"]?.text.map { "\(reason): \(ClusterEvent.oneLine($0))" } ?? reason)
            default: break
            }
        }
        return nil
    }

    private func failure(_ reason: KubernetesError.Reason, _ detail: String, hint: String? = nil) -> KubernetesError {
        KubernetesError(reason, operation: "kubectl create \(object)", detail, hint: hint)
    }
}
