internal import BackupRepository
internal import Glibc

/// A Loki's folders, as mounted on this machine. All calls block.
struct LokiFolders: Sendable {
    /// The server's `common.path_prefix`.
    let data: String
    /// The folders that `dr.yaml` names.
    private let named: [Part: String]

    /// A part of a Loki that its configuration can put anywhere.
    enum Part: Hashable, CaseIterable {
        case chunks, rules, log, tsdb, bolt, compactor

        /// Its name in `path_prefix`, if the configuration names no other place.
        var usual: String {
            switch self {
            case .chunks: LokiLayout.chunks
            case .rules: LokiLayout.rules
            case .log: LokiLayout.wal
            case .tsdb: "tsdb-shipper-active"
            case .bolt: "boltdb-shipper-active"
            case .compactor: LokiLayout.compactor
            }
        }

        var words: String {
            switch self {
            case .chunks: "chunks"
            case .rules: "rules"
            case .log: "write-ahead log"
            case .tsdb, .bolt: "active index"
            case .compactor: "requests for deletion"
            }
        }

        func directory(_ settings: LokiSettings) -> LokiSettings.Directory? {
            switch self {
            case .chunks: settings.chunks
            case .rules: settings.rules
            case .log: settings.writeAheadLog
            case .tsdb: settings.activeIndexes["tsdb"]
            case .bolt: settings.activeIndexes["boltdb-shipper"]
            case .compactor: settings.compactor
            }
        }
    }

    init(data: String, chunks: String?, rules: String?, wal: String?) {
        self.data = data.count > 1 && data.hasSuffix("/") ? String(data.dropLast()) : data
        var named: [Part: String] = [:]
        named[.chunks] = chunks
        named[.rules] = rules
        named[.log] = wal
        self.named = named
    }

    /// The folders that a capture reads, and the ones that it lacks.
    struct Layout: Sendable {
        var chunks = ""
        /// In the only safe order; the chunks come after all of them.
        var folders: [LokiCopy.Folder] = []
        /// Folders of the index that is not stored yet.
        var activeIndexes: [String] = []
        /// Folders that only a Loki has.
        var signs: [String] = []
        /// The place in the tree of the lines that are not in chunks yet; nil if there is none.
        var log: String?
        /// Directories that the server has in another place than at their name in its `path_prefix`.
        var moved: [MovedDirectory] = []
        /// Parts of the server that this machine does not have; paths in the tree.
        var missing: [Damage] = []
        /// Warnings about missing parts that cost no lines.
        var warnings: [String] = []
    }

    /// Compares every directory that the server names with this machine.
    /// - Parameter settings: nil if the server is not known.
    /// - Throws: ``ComponentError`` if there would be no chunks, or if `dr.yaml` contradicts the server.
    func layout(_ settings: LokiSettings?, _ operation: String) throws -> Layout {
        var layout = Layout()
        let places = try Dictionary(
            uniqueKeysWithValues: Part.allCases.map { ($0, try place($0, settings: settings, operation: operation)) })
        for part in Part.allCases {
            guard let place = places[part] else { continue }
            if let directory = place.directory {
                layout.note(part, at: place, directory: directory, settings: settings)
            }
            guard let source = place.source else { continue }
            switch part {
            case .chunks:
                layout.chunks = source
                layout.signs.append("\(source)/index")
            case .log:
                layout.signs.append(source)
                addLog(place, source: source, settings: settings, to: &layout)
            case .tsdb, .bolt:
                layout.signs.append(source)
                layout.activeIndexes.append(source)
            case .rules, .compactor: break
            }
        }
        for part in [Part.tsdb, .bolt] { places[part]?.folder(Self.isProcessOwn).map { layout.folders.append($0) } }
        layout.folders += indexes(settings).map { name in
            LokiCopy.Folder(
                source: "\(layout.chunks)/\(name)", name: "\(LokiLayout.chunks)/\(name)", isCompacted: true)
        }
        if let compactor = places[.compactor], let source = compactor.source {
            addDeletions("\(source)/deletion/delete_requests", named: compactor.name, to: &layout)
        }
        places[.rules]?.folder().map { layout.folders.append($0) }
        return layout
    }

    private func addLog(_ place: Place, source: String, settings: LokiSettings?, to layout: inout Layout) {
        guard settings?.hasWriteAheadLog != false else { return }
        let isEmpty = (try? FolderEntries.read(source))?.isEmpty ?? true
        if isEmpty, settings != nil {
            layout.missing.append(
                Damage(
                    path: place.name,
                    reason: "the server has its write-ahead log on, and '\(source)' holds none: set `wal:`"))
        }
        layout.log = isEmpty ? nil : place.name
        place.folder { $0.hasSuffix(".tmp/") }.map { layout.folders.append($0) }
    }

    /// The compactor stores its requests for deletion in the index every five minutes; newer ones are in its own file.
    /// The rest of its folder must not be backed up: old markers would delete restored chunks.
    private func addDeletions(_ source: String, named name: String, to layout: inout Layout) {
        var folder = LokiCopy.Folder(
            source: source, name: "\(name)/deletion/delete_requests", isExcluded: { $0 != "delete_requests" })
        folder.isBolt = true
        layout.folders.append(folder)
        let stored = Self.modified("\(layout.chunks)/index/delete_requests/delete_requests.sqlite.gz") ?? 0
        guard let live = Self.modified("\(source)/delete_requests.sqlite"), live > stored else { return }
        layout.warnings.append(
            "requests for deletion that Loki has not stored yet (it does so every five minutes) are not in this backup: "
                + "they are in a SQLite file, which dr does not copy while Loki writes it")
    }

    private static func modified(_ path: String) -> Int? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mtim.tv_sec : nil
    }

    /// Names and scratch space of the running process, and files that boltdb-shipper removes at its start.
    private static func isProcessOwn(_ path: String) -> Bool {
        path == "uploader/" || path == "scratch/" || path.hasSuffix(".snapshot") || path.hasSuffix(".temp")
    }

    /// Names at the top of the chunks' folder that belong to the index and not to a tenant.
    func indexes(_ settings: LokiSettings?) -> [String] {
        let prefixes = (settings?.periods ?? []).compactMap {
            $0.pathPrefix.split(separator: "/").first.map(String.init)
        }
        return Set(prefixes.filter { $0 != "." && $0 != ".." } + ["index"]).sorted()
    }

    /// Names of the tenants that have chunks; none for schema v11 and older, whose chunks are in one flat folder.
    func tenants(in chunks: String, _ settings: LokiSettings?) -> [String] {
        let indexes = Set(indexes(settings))
        let entries = (try? FolderEntries.read(chunks)) ?? []
        return entries.filter { $0.isFolder && !indexes.contains($0.name) }.map(\.name)
    }

    // MARK: Places

    /// One part on this machine.
    struct Place {
        /// Its path in the tree.
        var name: String
        /// Absolute; nil if this machine does not have it.
        var source: String?
        /// The directory that the server names; nil if it names none.
        var directory: LokiSettings.Directory?

        func folder(_ isExcluded: @escaping @Sendable (String) -> Bool = { _ in false }) -> LokiCopy.Folder? {
            source.map { LokiCopy.Folder(source: $0, name: name, isExcluded: isExcluded) }
        }
    }

    private func place(_ part: Part, settings: LokiSettings?, operation: String) throws -> Place {
        var place = Place(name: part.usual, source: named[part] ?? "\(data)/\(part.usual)")
        guard let settings, let directory = part.directory(settings), part != .log || settings.hasWriteAheadLog else {
            return place
        }
        place.directory = directory
        let relative = settings.relative(directory.path) ?? Self.relative(directory.path, to: data)
        let isServersMachine = seesServersPaths(settings)
        if let own = named[part] {
            let theirs = relative.map { "\(data)/\($0)" } ?? directory.path
            if isServersMachine, let identity = FileIdentity(theirs), identity != FileIdentity(own) {
                throw ComponentError(
                    .misconfigured, operation: operation,
                    "the server keeps its \(part.words) in '\(theirs)' (\(directory.key)), and `\(part.option)` names "
                        + "'\(own)'", hint: "remove `\(part.option)` from dr.yaml, or correct it")
            }
        } else if let relative {
            place.source = "\(data)/\(relative)"
            // dr identifies chunks by their place in the tree.
            if part != .chunks { place.name = relative }
        } else if settings.pathPrefix == nil, directory.path.split(separator: "/").last.map(String.init) == part.usual,
            access("\(data)/\(part.usual)", F_OK) == 0
        {
            return place
        } else {
            let isHere = directory.path.hasPrefix("/") && isServersMachine
            let isReadable = access(directory.path, R_OK | X_OK) == 0
            // The server creates its folders when it needs them: a missing one is empty.
            place.source = isHere && (isReadable || errno == ENOENT) ? directory.path : nil
        }
        if part == .chunks, place.source == nil {
            throw ComponentError(
                .misconfigured, operation: operation,
                "the server keeps its chunks in '\(directory.path)' (\(directory.key)), which this machine does not have",
                hint: "set `chunks:` to that folder as mounted on this machine")
        }
        return place
    }

    /// True if paths of the server are valid here: its `path_prefix` leads to `data`.
    private func seesServersPaths(_ settings: LokiSettings) -> Bool {
        guard let prefix = settings.pathPrefix else { return true }
        guard prefix.hasPrefix("/"), let theirs = FileIdentity(prefix) else { return false }
        return theirs == FileIdentity(data)
    }

    static func relative(_ path: String, to folder: String) -> String? {
        guard path.hasPrefix("\(folder)/") else { return nil }
        let parts = path.dropFirst(folder.utf8.count + 1).split(separator: "/")
        guard !parts.isEmpty, !parts.contains("."), !parts.contains("..") else { return nil }
        return parts.joined(separator: "/")
    }

    // MARK: Checks

    func check(_ layout: Layout, _ operation: String) throws {
        for folder in [data, layout.chunks] {
            var status = stat()
            guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw ComponentError(
                    .misconfigured, operation: operation, "'\(folder)' does not exist",
                    hint:
                        "`data:` must be the server's common.path_prefix as mounted on this machine, with its chunks "
                        + "in 'chunks' or in the folder of `chunks:`. If they are in object storage, back them up there"
                )
            }
            guard access(folder, R_OK | X_OK) == 0 else {
                throw ComponentError(
                    .misconfigured, operation: operation, "'\(folder)' is not readable for this user",
                    hint: "run as the server's user or as root")
            }
        }
        guard !layout.signs.contains(where: { access($0, F_OK) == 0 }) else { return }
        // A new Loki has few files before its first chunk; a folder with many files and none of these does not belong
        // to a Loki.
        guard (try? FolderEntries.read(layout.chunks))?.isEmpty == true else {
            throw ComponentError(
                .misconfigured, operation: operation, "'\(data)' does not look like Loki's: it has no wal and no index",
                hint: "`data:` must be the server's common.path_prefix as mounted on this machine")
        }
    }

    /// Refuses if the server's path leads, on this machine, to another Loki. If it leads nowhere (another container's
    /// mount), no check is possible.
    func checkIsServers(_ settings: LokiSettings, _ operation: String) throws {
        if settings.usesObjectStorage, settings.periods.allSatisfy({ $0.objectStore != "filesystem" }) {
            throw ComponentError(
                .misconfigured, operation: operation, "the server keeps its chunks in object storage, not in files",
                hint: "back up the bucket as kind 'bucket' with `profile: loki`, and the rules as kind 'files'")
        }
        guard let prefix = settings.pathPrefix, prefix.hasPrefix("/"), let theirs = FileIdentity(prefix),
            theirs != FileIdentity(data), access("\(prefix)/\(LokiLayout.wal)", F_OK) == 0
        else { return }
        throw ComponentError(
            .misconfigured, operation: operation, "the server's data are in '\(prefix)', not in '\(data)'",
            hint: "`data:` must be the server's common.path_prefix as mounted on this machine")
    }
}

extension LokiFolders.Part {
    /// The key of `dr.yaml` that names its place.
    var option: String { self == .log ? "wal:" : "\(usual):" }
}

extension LokiFolders.Layout {
    fileprivate mutating func note(
        _ part: LokiFolders.Part, at place: LokiFolders.Place, directory: LokiSettings.Directory,
        settings: LokiSettings?
    ) {
        if place.source != nil {
            let usual = settings?.pathPrefix.map { "\($0)/\(part.usual)" } ?? part.usual
            guard directory.path != usual else { return }
            moved.append(MovedDirectory(place.name, key: directory.key, path: directory.path))
            return
        }
        let place = "the server's \(part.words) are in '\(directory.path)' (\(directory.key)), which this machine does "
        switch part {
        case .compactor:
            guard settings?.retentionEnabled == true else { return }
            warnings.append("\(place)not have: those that Loki has not stored yet are not in this backup")
        case .tsdb, .bolt:
            let store = part == .tsdb ? "tsdb" : "boltdb-shipper"
            guard settings?.periods.contains(where: { $0.store == store }) == true else { return }
            missing.append(
                Damage(
                    path: part.usual,
                    reason: "\(place)not have, or this user may not read: move it below common.path_prefix"))
        default:
            missing.append(
                Damage(
                    path: part.usual,
                    reason: "\(place)not have, or this user may not read: set `\(part.option)` to that folder as this "
                        + "mounted on this machine"))
        }
    }
}
