internal import BackupRepository
internal import Documents
internal import Kubernetes
internal import Platform

extension NamespaceObjectsSource {
    /// Checks every condition of a capture: the API server, and the access to each type.
    func diagnose() async -> [Diagnosis] {
        defer { api.end() }
        do {
            return try await pool.run { try examine() }
        } catch { return [Diagnosis(of: "cluster", .failed, "\(error)")] }
    }

    private func examine() throws -> [Diagnosis] {
        try settings.requireNamespace(operation: "examine the cluster")
        let version = try api.document(at: "/version")?["gitVersion"]?.text ?? "(version unknown)"
        var findings = [
            Diagnosis(
                of: "cluster", .ok,
                "Kubernetes \(version.printable), " + (settings.context.map { "context '\($0)'" } ?? "current context"))
        ]
        let discovery = try api.discover(skipping: selection.skips)
        findings += discovery.failures.map { failure in
            Diagnosis(
                of: failure.groupVersion.printable, .warning,
                "its types cannot be listed, so that sets are partial: \(failure.reason.printable)")
        }
        let types = discovery.resources.filter(selection.contains)
        var refused: [(name: String, error: KubernetesError)] = []
        for namespace in settings.namespaces {
            findings.append(try examine(namespace: namespace))
            for resource in types {
                try Task.checkCancellation()
                do {
                    _ = try api.document(at: resource.path(in: namespace) + "?limit=1")
                } catch let error as KubernetesError where !error.isConnectionFailure {
                    refused.append((name: "\(resource.name) of namespace '\(namespace)'", error: error))
                }
            }
        }
        if let first = refused.first {
            findings.append(
                Diagnosis(
                    of: "access", .failed,
                    "\(refused.count) of \(types.count * settings.namespaces.count) types cannot be listed: "
                        + "\(Gap.list(refused.map(\.name)).printable): \(first.error.detail.printable); grant `get` and "
                        + "`list`, or name the types under `exclude:`"))
        } else {
            findings.append(Diagnosis(of: "access", .ok, "\(types.count) types can be listed"))
        }
        if settings.secrets == .auto, !isEncrypted {
            findings.append(
                Diagnosis(
                    of: "Secrets", .warning,
                    "they are not backed up, because \(Self.withheldSecret): add recipients to the store, or set "
                        + "`secrets: never` and keep them elsewhere"))
        }
        return findings
    }

    private func examine(namespace: String) throws -> Diagnosis {
        let subject = "namespace '\(namespace)'"
        do {
            guard let object = try api.document(at: "/api/v1/namespaces/\(namespace)") else {
                return Diagnosis(of: subject, .failed, "it does not exist")
            }
            let phase = object["status"]?["phase"]?.text ?? "Active"
            return Diagnosis(
                of: subject, phase == "Active" ? .ok : .warning,
                phase == "Active" ? "it exists" : "it is \(phase.printable)")
        } catch let error as KubernetesError where !error.isConnectionFailure {
            return Diagnosis(of: subject, .warning, "it cannot be read: \(error.detail.printable)")
        }
    }
}
