package import BackupRepository
internal import Documents
internal import Platform

/// Exports a running Alertmanager through its API: its silences, one document each, and its running configuration.
///
/// The documents are kept between runs, so that objects that did not change in Alertmanager do not change in the
/// backup. A silence that reaches its end does not change its document.
package struct AlertmanagerSource: ComponentSource {
    package static let kind = AlertmanagerComponent.name

    let api: AlertmanagerAPI
    let keepsURLs: Bool
    private let now: @Sendable () -> Int

    /// - Parameters:
    ///   - keepsURLs: true if the URLs of webhooks are stored, when the server shows them: into an encrypted store.
    ///   - now: milliseconds since 1970, for a server that does not report its time.
    package init(api: AlertmanagerAPI, keepsURLs: Bool, now: @escaping @Sendable () -> Int) {
        self.api = api
        self.keepsURLs = keepsURLs
        self.now = now
    }

    package func capture(_ context: CaptureContext) async throws -> any Capture {
        try await api.pool.run { [self] in
            let tree = try DocumentTree(in: context.state, run: context.run)
            do {
                return try export(into: tree)
            } catch {
                try? tree.release()
                throw error
            }
        }
    }

    private func export(into tree: DocumentTree) throws -> AlertmanagerCapture {
        let status = try api.status()
        let list = try api.silences()
        for silence in list.silences {
            try Task.checkCancellation()
            try tree.write(AlertmanagerTree.path(of: silence), silence.document.document)
        }
        let configuration = keepsURLs ? status.configuration : status.configuration.withoutURLs
        try tree.write(AlertmanagerTree.configuration, Array(configuration.text.utf8))
        try tree.write(AlertmanagerTree.status, status.document.document)
        try tree.removeTheRest()
        return AlertmanagerCapture(
            tree: tree, facts: facts(status, list), withheld: Self.withheld(configuration),
            damage: list.defects.map { defect in
                Damage(path: "\(AlertmanagerTree.silences)/entry-\(defect.index).json", reason: defect.reason)
            }, pool: api.pool)
    }

    private func facts(_ status: AlertmanagerStatus, _ list: SilenceList) -> [String: String] {
        let time = list.time ?? now()
        var facts = [
            "url": api.location, "version": status.version.isEmpty ? "unknown" : status.version,
            "cluster": status.cluster, "cluster members": "\(status.peers.count)",
            SilenceEnds.fact: SilenceEnds(list.silences.filter { $0.state(at: time) != .expired }).text,
        ]
        for state in Silence.State.allCases {
            facts["\(state.rawValue) silences"] = "\(list.silences.count { $0.state(at: time) == state })"
        }
        return facts
    }

    /// A restore cannot ask for them: a server takes its configuration from its file.
    static func withheld(_ configuration: RunningConfiguration) -> [Withheld] {
        configuration.hiddenPlaces.map {
            Withheld(path: AlertmanagerTree.configuration, object: "\($0) of the configuration", secrets: [])
        }
    }
}
