package import BackupRepository
internal import Documents
internal import HTTP

extension ElasticsearchSource {
    package func diagnose() async -> [Diagnosis] {
        var found: [Diagnosis] = []
        do {
            let cluster = try await api.cluster()
            try cluster.check(hasAPIKey: api.hasAPIKey, operation: operation)
            found.append(Diagnosis(of: "server", .ok, "\(cluster.description), cluster '\(cluster.name)'"))
        } catch { return [Diagnosis(of: "server", .failed, text(error))] }
        do {
            let listed = try await api.indices(matching: pattern.text)
            found.append(
                listed.isEmpty
                    ? Diagnosis(of: "indices", .failed, nothingMatchesText)
                    : Diagnosis(of: "indices", .ok, "\(listed.count) match '\(pattern.text)'"))
        } catch { found.append(Diagnosis(of: "indices", .failed, text(error))) }
        do {
            found.append(try await diagnoseRepository())
        } catch { found.append(Diagnosis(of: "repository", .failed, text(error))) }
        return found
    }

    private func diagnoseRepository() async throws -> Diagnosis {
        guard let present = try await api.repository(repository.name) else {
            return Diagnosis(
                of: "repository", .ok,
                "'\(repository.name)' does not exist yet: the first backup registers it as "
                    + repository.description)
        }
        try repository.check(present, operation: "check repository '\(repository.name)'")
        guard !SnapshotRepository.isReadOnly(present) else {
            return Diagnosis(of: "repository", .failed, "'\(repository.name)' is registered read-only in this cluster")
        }
        let nodes = try await api.verify(repository.name)
        return Diagnosis(
            of: "repository", .ok, "'\(repository.name)', \(repository.description): \(nodes) nodes can write to it")
    }

    private var nothingMatchesText: String { "no index matches '\(pattern.text)': check `indices:` in dr.yaml" }

    private func text(_ error: any Error) -> String {
        guard let error = error as? ElasticsearchAPIError else { return "\(error)" }
        return "\(error.detail)\(error.hint.map { "; \($0)" } ?? "")"
    }
}
