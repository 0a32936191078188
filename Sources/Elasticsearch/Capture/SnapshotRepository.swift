internal import BackupRepository
internal import Documents

/// A snapshot repository of the cluster, as configured: Elasticsearch itself keeps the data there.
package struct SnapshotRepository: Equatable, Sendable {
    package enum Place: Equatable, Sendable {
        /// - Parameter client: the section of the nodes' own settings that holds endpoint and credentials.
        case s3(bucket: String, basePath: String?, client: String?)
        /// A directory that all nodes mount, under one of their `path.repo`.
        case directory(String)
    }

    package var name: String
    package var place: Place
    /// True if this cluster may only read it, even if it made the snapshots.
    package var isOnlyRead: Bool

    package init(_ name: String, _ place: Place, isOnlyRead: Bool = false) {
        self.isOnlyRead = isOnlyRead
        self.name = name
        self.place = place
    }

    var type: String {
        switch place {
        case .s3: "s3"
        case .directory: "fs"
        }
    }

    var description: String {
        switch place {
        case .s3(let bucket, let basePath, _): "s3 bucket '\(bucket)', base path '\(basePath ?? "")'"
        case .directory(let location): "fs location '\(location)'"
        }
    }

    /// The body of a request that registers it.
    func registration(isReadOnly: Bool) -> JSONValue {
        var settings: [String: JSONValue] = [:]
        switch place {
        case .s3(let bucket, let basePath, let client):
            settings["bucket"] = .string(bucket)
            settings["base_path"] = basePath.map { .string($0) }
            settings["client"] = client.map { .string($0) }
        case .directory(let location):
            settings["location"] = .string(location)
            settings["compress"] = true
        }
        if isReadOnly { settings["readonly"] = true }
        return ["type": .string(type), "settings": .object(settings)]
    }

    /// The first member of a registration that differs from the configuration; nil if it is this repository.
    func difference(from registration: JSONValue) -> String? {
        let settings = registration["settings"]
        let presentType = registration["type"]?.text ?? "?"
        guard presentType == type else { return "it is of type '\(presentType)', not '\(type)'" }
        let wanted: [(String, String)] =
            switch place {
            case .s3(let bucket, let basePath, _): [("bucket", bucket), ("base_path", basePath ?? "")]
            case .directory(let location): [("location", location)]
            }
        for (key, value) in wanted {
            let present = settings?[key]?.text ?? ""
            if present != value { return "its \(key) is '\(present)', not '\(value)'" }
        }
        return nil
    }

    static func isReadOnly(_ registration: JSONValue) -> Bool {
        let setting = registration["settings"]?["readonly"]
        return setting?.text == "true" || setting?.bool == true
    }

    /// Refuses a registration of this name that describes another repository.
    func check(_ registration: JSONValue, operation: String) throws {
        guard let difference = difference(from: registration) else { return }
        throw ComponentError(
            .misconfigured, operation: operation, "the cluster has a repository '\(name)' already, and \(difference)",
            hint: "give this one another `name:` under `repository:`, correct dr.yaml, or remove the registration "
                + "(DELETE /_snapshot/\(name): the data stay)")
    }
}

extension ElasticsearchAPI {
    /// Makes sure that the repository is registered, is the configured one, and can be written to.
    func ensureWritable(_ repository: SnapshotRepository, _ cluster: ClusterIdentity, operation: String) async throws {
        guard let present = try await self.repository(repository.name) else {
            try await register(
                repository.name, body: repository.registration(isReadOnly: false), cluster: cluster)
            return
        }
        try repository.check(present, operation: operation)
        guard !SnapshotRepository.isReadOnly(present) else {
            throw ComponentError(
                .misconfigured, operation: operation, "repository '\(repository.name)' is registered read-only here",
                hint:
                    "a restore registers it read-only if another cluster made the snapshots: two clusters that write "
                    + "to one repository destroy it. If the other cluster no longer runs, "
                    + "DELETE /_snapshot/\(repository.name); the next backup registers it for writing. "
                    + "Otherwise give this cluster another repository")
        }
    }
}
