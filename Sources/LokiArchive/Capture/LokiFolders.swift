internal import Glibc
internal import Repository

/// A Loki's folders, as this machine sees them. All calls block.
struct LokiFolders: Sendable {
    /// The server's `common.path_prefix`.
    let data: String
    let chunks: String
    let rules: String

    init(data: String, chunks: String?, rules: String?) {
        self.data = data.count > 1 && data.hasSuffix("/") ? String(data.dropLast()) : data
        self.chunks = chunks ?? "\(self.data)/\(LokiLayout.chunks)"
        self.rules = rules ?? "\(self.data)/\(LokiLayout.rules)"
    }

    private static let usualActive = ["tsdb-shipper-active", "boltdb-shipper-active"]

    func check(_ operation: String) throws {
        for folder in [data, chunks] {
            var status = stat()
            guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw ComponentError(
                    .misconfigured, operation, "'\(folder)' is not there",
                    hint: "`data:` must be the server's common.path_prefix as this machine sees it, with its chunks in "
                        + "'chunks' or where `chunks:` says. A Loki that keeps them in object storage is backed up there"
                )
            }
            guard access(folder, R_OK | X_OK) == 0 else {
                throw ComponentError(
                    .misconfigured, operation, "'\(folder)' is not readable for this user",
                    hint: "run as the server's user or as root")
            }
        }
        let signs = ["\(data)/\(LokiLayout.wal)", "\(chunks)/index"] + Self.usualActive.map { "\(data)/\($0)" }
        guard !signs.contains(where: { access($0, F_OK) == 0 }) else { return }
        // Before its first chunk a Loki has little; what has much and none of these is something else.
        guard (try? FolderEntries.read(chunks))?.isEmpty == true else {
            throw ComponentError(
                .misconfigured, operation, "'\(data)' does not look like Loki's: it has no wal and no index",
                hint: "`data:` must be the server's common.path_prefix as this machine sees it")
        }
    }

    /// Refuses when the server's own path leads, on this machine, to another Loki. Where it leads nowhere (another
    /// container's mount) nothing can be said.
    func checkIsServers(_ settings: LokiSettings, _ operation: String) throws {
        if settings.usesObjectStorage, settings.periods.allSatisfy({ $0.objectStore != "filesystem" }) {
            throw ComponentError(
                .misconfigured, operation, "the server keeps its chunks in object storage, not in files",
                hint: "protect the bucket by versioning and replication; back up the rules as kind 'files'")
        }
        guard let prefix = settings.pathPrefix, prefix.hasPrefix("/"), let theirs = FileIdentity(prefix),
            theirs != FileIdentity(data), access("\(prefix)/\(LokiLayout.wal)", F_OK) == 0
        else { return }
        throw ComponentError(
            .misconfigured, operation, "the server's data are in '\(prefix)', not in '\(data)'",
            hint: "`data:` must be the server's common.path_prefix as this machine sees it")
    }

    /// What is copied, in the only order that is safe; the chunks come after all of it.
    /// - Returns: the folders, and what lies outside of `data` and cannot be reached, for people.
    func inOrder(_ settings: LokiSettings?) -> (folders: [LokiCopy.Folder], unreachable: [String]) {
        var unreachable: [String] = []
        func place(_ path: String?, _ usual: String) -> String {
            guard let path, let settings else { return usual }
            if let relative = settings.relative(path) { return relative }
            if path.hasPrefix("/"), settings.pathPrefix != nil { unreachable.append(path) }
            return usual
        }
        let wal = place(settings?.writeAheadLog, LokiLayout.wal)
        var active = Self.usualActive
        for path in settings?.activeIndexes ?? [] {
            let name = place(path, Self.usualActive[0])
            if !active.contains(name) { active.append(name) }
        }
        var folders = [
            LokiCopy.Folder(source: "\(data)/\(wal)", name: wal, isExcluded: { $0.hasSuffix(".tmp/") })
        ]
        folders += active.map { name in
            // Names and scratch space of the process that runs now.
            LokiCopy.Folder(
                source: "\(data)/\(name)", name: name, isExcluded: { $0 == "uploader/" || $0 == "scratch/" })
        }
        folders += indexes(settings).map { name in
            LokiCopy.Folder(source: "\(chunks)/\(name)", name: "\(LokiLayout.chunks)/\(name)", isCompacted: true)
        }
        folders.append(LokiCopy.Folder(source: rules, name: LokiLayout.rules))
        return (folders, unreachable)
    }

    /// Names at the top of the chunks' folder that are the index' and not a tenant's.
    func indexes(_ settings: LokiSettings?) -> [String] {
        let prefixes = (settings?.periods ?? []).compactMap {
            $0.pathPrefix.split(separator: "/").first.map(String.init)
        }
        return Set(prefixes + ["index"]).sorted()
    }
}
