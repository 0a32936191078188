package import BackupRepository
internal import Platform

extension AlertmanagerSource {
    /// Checks every condition of an export.
    package func diagnose() async -> [Diagnosis] {
        do {
            return try await api.pool.run { try examine() }
        } catch { return [Diagnosis(of: "server", .failed, "\(error)")] }
    }

    private func examine() throws -> [Diagnosis] {
        let status = try api.status()
        let list = try api.silences()
        var findings = [
            Diagnosis(
                of: "server", .ok,
                "Alertmanager \(status.version.isEmpty ? "(version unknown)" : status.version) at \(api.location)"),
            Diagnosis(
                of: "cluster", status.isSettled ? .ok : .warning,
                status.isSettled
                    ? "\(status.cluster), \(status.peers.count) members"
                    : "\(status.cluster): the silences of other members may be missing; wait until it is ready"),
            list.defects.isEmpty
                ? Diagnosis(of: "silences", .ok, "\(list.silences.count) can be exported")
                : Diagnosis(of: "silences", .failed, "\(list.defects.count) cannot be read: \(list.defects[0].reason)"),
        ]
        let hidden = status.configuration.hiddenPlaces
        if !hidden.isEmpty {
            findings.append(
                Diagnosis(
                    of: "configuration", .warning,
                    "Alertmanager hides \(hidden.count) secrets of it: back up its file too, as kind files, into an "
                        + "encrypted store"))
        }
        let shown = status.configuration.shownURLs
        if !shown.isEmpty, !keepsURLs {
            findings.append(
                Diagnosis(
                    of: "webhooks", .warning,
                    "\(shown.count) URLs, which may hold passwords, are not backed up, because the store is not encrypted: "
                        + Gap.list(shown)))
        }
        return findings
    }
}
