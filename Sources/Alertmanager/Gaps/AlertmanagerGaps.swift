package import BackupRepository
internal import Platform

/// Finds data that an Alertmanager needs or keeps, and that its API does not show.
package struct AlertmanagerGaps: GapFinder {
    private let api: AlertmanagerAPI
    private let configuration: String?
    private let storage: String?

    /// - Parameters:
    ///   - configuration: absolute path of the server's configuration file, if it is known.
    ///   - storage: absolute path of the server's `--storage.path`, if it is known.
    package init(api: AlertmanagerAPI, configuration: String?, storage: String?) {
        self.api = api
        self.configuration = configuration
        self.storage = storage
    }

    package func gaps(_ surroundings: GapSurroundings) async throws -> [Gap] {
        let running = try await api.pool.run { try api.status().configuration }
        return found(running, surroundings)
    }

    func found(_ running: RunningConfiguration, _ surroundings: GapSurroundings) -> [Gap] {
        var gaps: [Gap] = []
        let hidden = running.hiddenPlaces
        if !hidden.isEmpty, configuration.map({ surroundings.covers($0) }) != true {
            gaps.append(
                Gap(
                    "\(hidden.count) secrets of the configuration: \(Gap.list(hidden))",
                    why: "Alertmanager shows them as <secret>: it does not start with the configuration of the backup",
                    remedy: configuration.map { "back up '\($0)' as kind files, into an encrypted store" }
                        ?? "back up the configuration file as kind files, into an encrypted store, and name it here as "
                        + "`config:`", isInFiles: configuration == nil))
        }
        let templates = running.templates.filter { !covers(Self.folder(of: $0), surroundings) }
        if !templates.isEmpty {
            gaps.append(
                Gap(
                    "the templates \(Gap.list(templates))",
                    why: "notifications that use them cannot be sent without them",
                    remedy: "back up their folder as kind files or git", isInFiles: true))
        }
        let files = running.files.filter { !covers($0, surroundings) }
        if !files.isEmpty {
            gaps.append(
                Gap(
                    "the files \(Gap.list(files))",
                    why: "the configuration reads secrets and certificates from them",
                    remedy: "back them up as kind files, into an encrypted store, or keep them in a secret manager",
                    isInFiles: true))
        }
        if storage.map({ surroundings.covers($0) }) != true {
            gaps.append(
                Gap(
                    "the notification log (nflog)",
                    why: "after a restore, Alertmanager may send notifications again that it has sent already",
                    remedy: storage.map { "back up '\($0)' as kind files, if that matters" }
                        ?? "back up the folder of --storage.path as kind files, and name it here as `storage:`, if "
                        + "that matters", isInFiles: storage == nil))
        }
        return gaps
    }

    /// True if a path of the configuration is backed up. A relative one is relative to the configuration's folder.
    private func covers(_ path: String, _ surroundings: GapSurroundings) -> Bool {
        if path.hasPrefix("/") { return surroundings.covers(reported: path) }
        guard let folder = configuration.map({ Self.folder(of: $0) }) else { return false }
        return surroundings.covers(path.isEmpty || path == "." ? folder : "\(folder)/\(path)")
    }

    /// The folder of a file, or the last one before the first wildcard of a glob.
    private static func folder(of path: String) -> String {
        let plain = path.prefix { !"*?[".contains($0) }
        guard let end = plain.lastIndex(of: "/") else { return "" }
        return end == plain.startIndex ? "/" : String(plain[..<end])
    }
}
