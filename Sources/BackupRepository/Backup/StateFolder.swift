internal import Cryptography
internal import FoundationEssentials
internal import Platform

/// This machine's cache and notes for a repository: catalogs, committed sets, and the manifests that it made. Losing them
/// costs time. Where sets are not signed, the next backup also stores everything again, because the machine can no longer
/// tell its own sets from those of others.
package struct StateFolder: Sendable {
    /// The configured folder, shared by all repositories.
    let path: String
    /// `<state>/<repository id>`.
    let root: String

    /// - Parameter state: the configured folder; created if it is missing.
    package init(_ state: String, repository: RepositoryDescription) throws {
        try self.init(state, repositoryID: repository.id)
    }

    /// - Parameter id: the id of the repository, for a run that cannot open it.
    package init(_ state: String, repositoryID id: String) throws {
        try self.init(state, root: "\(state)/\(id)")
    }

    private init(_ state: String, root: String) throws {
        path = state
        self.root = root
        // Servers of drills pass through the configured folder. All below is private, whatever made it.
        try Self.make(state, isEntered: true)
        try Self.make(root)
        try Self.make("\(root)/catalogs")
        try Self.make("\(root)/manifests")
        try Self.make("\(state)/stores")
    }

    /// The note of a catalog that identifies its manifest by the SHA-256 of the manifest's object.
    static let manifestNote = "manifest"

    func folder(ofComponent name: String) throws -> String {
        try Self.make("\(root)/components/\(name)")
        return "\(root)/components/\(name)"
    }

    /// Returns the folder in which a component's documents wait for their import into its server. The caller removes
    /// it.
    package func importFolder(of component: String, _ manifest: Timestamp) throws -> String {
        let folder = "\(root)/imports/\(component)-\(manifest)"
        try Self.make(folder)
        return folder
    }

    // MARK: The last set committed from here

    private var lastSetFile: String { "\(root)/last-set" }

    func recordLastSet(_ name: Timestamp) throws {
        try note("\(name)", in: lastSetFile)
    }

    /// Returns the newest set that this machine committed, as far as it has recorded it.
    package func lastSet() -> Timestamp? { timestamp(in: lastSetFile) }

    private var lastDigestFile: String { "\(root)/last-set-digest" }
    private var missingFile: String { "\(root)/missing-sets" }

    func recordDigest(_ digest: String, ofLastSet name: Timestamp) throws {
        try note("\(name) \(digest)", in: lastDigestFile)
    }

    /// Returns the SHA-256 of the document of a set that this machine committed last; nil if it knows none.
    func digest(ofLastSet name: Timestamp) -> String? {
        guard let data = try? Data(contentsOf: URL(filePath: lastDigestFile)) else { return nil }
        let words = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        return words.count == 2 && words[0] == "\(name)" ? String(words[1]) : nil
    }

    private var lastRecipientsFile: String { "\(root)/last-recipients" }

    /// Notes the fingerprints of the certificates that a run encrypted to.
    func recordRecipients(_ fingerprints: [String]) throws {
        try note(fingerprints.joined(separator: " "), in: lastRecipientsFile)
    }

    /// Returns true if the newest run of this machine encrypted to exactly these.
    func hasRecipients(_ fingerprints: [String]) -> Bool {
        guard let data = try? Data(contentsOf: URL(filePath: lastRecipientsFile)) else { return false }
        return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
            == fingerprints
    }

    /// Notes that a set of this machine was gone when the next one was made, which would hide it.
    func recordMissing(_ name: Timestamp) throws {
        let known = missingSets().filter { $0 != name }.suffix(99)
        try note((known + [name]).map(\.description).joined(separator: "\n"), in: missingFile)
    }

    package func missingSets() -> [Timestamp] {
        guard let data = try? Data(contentsOf: URL(filePath: missingFile)) else { return [] }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap { Timestamp(String($0)) }
    }

    /// Accepts what is missing: the operator knows.
    package func forgetMissingSets() throws {
        try? FileManager.default.removeItem(atPath: missingFile)
        try? FileManager.default.removeItem(atPath: lastSetFile)
        try? FileManager.default.removeItem(atPath: lastDigestFile)
        try? FileManager.default.removeItem(atPath: ledgerHeadFile)
    }

    // MARK: The ledger

    private var ledgerHeadFile: String { "\(root)/ledger-head" }

    /// Returns the newest entry of the ledger that this machine has seen.
    package func ledgerHead() -> LedgerHead? {
        guard let data = try? Data(contentsOf: URL(filePath: ledgerHeadFile)) else { return nil }
        return LedgerHead(String(decoding: data, as: UTF8.self))
    }

    /// Notes an entry that this machine has seen, unless it knows a newer one.
    package func recordLedgerHead(_ head: LedgerHead) throws {
        if let known = ledgerHead(), known.number >= head.number { return }
        try note("\(head)", in: ledgerHeadFile)
    }

    /// Returns the folder with the notes of runs whose entries are not in the ledger yet.
    func ledgerFolder() throws -> String {
        try Self.make("\(root)/ledger")
        return "\(root)/ledger"
    }

    // MARK: Witnessed sets

    /// Returns true if the holder of a certificate has witnessed the sets of other signers from here.
    func hasWitnessed(as fingerprint: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(root)/witness-\(fingerprint)")
    }

    func noteWitness(_ fingerprint: String) throws { try note("witnessed", in: "\(root)/witness-\(fingerprint)") }

    // MARK: Manifests made here

    private func manifestsFile(_ component: String) -> String { "\(root)/manifests/\(component)" }

    /// Returns the SHA-256 of the newest manifests of a component that this machine made, in hexadecimal.
    func ownManifests(of component: String) -> [String] {
        guard let data = try? Data(contentsOf: URL(filePath: manifestsFile(component))) else { return [] }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// - Parameter asNewest: false for one that must not displace others when there are many.
    func recordManifest(_ digest: String, of component: String, asNewest: Bool = true) throws {
        let known = Array(ownManifests(of: component).filter { $0 != digest }.suffix(Self.mostManifests - 1))
        let all = asNewest ? known + [digest] : [digest] + known
        try note(all.joined(separator: "\n"), in: manifestsFile(component))
    }

    /// More than the sets that a machine makes while another one makes some as well.
    private static let mostManifests = 100

    /// Returns the file with the document keys of a repository, if the configuration names no other one.
    package static func documentKeyFile(of repository: RepositoryDescription, in state: String) -> DocumentKeyFile {
        DocumentKeyFile("\(state)/\(repository.id)/document-keys")
    }

    // MARK: The repository at each address

    private static func addressFile(_ state: String, _ store: String) -> String {
        "\(state)/stores/\(Digest(of: Array(store.utf8)).hex)"
    }

    /// Returns the id of the repository that this machine last used at an address; nil if it has used none.
    package static func knownRepository(at store: String, in state: String) -> String? {
        guard let data = try? Data(contentsOf: URL(filePath: addressFile(state, store))) else { return nil }
        let id = String(decoding: data.prefix(32), as: UTF8.self)
        return Layout.isID(id) ? id : nil
    }

    /// Notes that this repository is the one at the address.
    package func recordRepository(_ id: String, at store: String) throws {
        try note(id, in: Self.addressFile(path, store))
    }

    // MARK: Prunes and failed runs

    private var lastPruneFile: String { "\(root)/last-prune" }
    private var lastLocksFile: String { "\(root)/last-locks" }
    private var failedRunsFile: String { "\(root)/failed-runs" }

    func recordPrune(_ time: Timestamp) throws {
        try note("\(time)", in: lastPruneFile)
    }

    /// Returns the clock's time at the last prune from this machine.
    package func lastPrune() -> Timestamp? { timestamp(in: lastPruneFile) }

    func recordLocks(_ time: Timestamp) throws {
        try note("\(time)", in: lastLocksFile)
    }

    /// Returns the time at which this machine last extended locks.
    func lastLocks() -> Timestamp? { timestamp(in: lastLocksFile) }

    func note(_ text: String, in file: String) throws {
        try OutputFile.write(Array("\(text)\n".utf8), to: file, links: .refuse)
    }

    private func timestamp(in file: String) -> Timestamp? {
        guard let data = try? Data(contentsOf: URL(filePath: file)) else { return nil }
        return Timestamp(String(decoding: data.prefix(16), as: UTF8.self))
    }

    /// Returns the number of failed backups from this machine since the last successful one.
    package func failedRuns() -> Int {
        guard let data = try? Data(contentsOf: URL(filePath: failedRunsFile)) else { return 0 }
        return Int(String(decoding: data, as: UTF8.self).split(separator: "\n").first ?? "") ?? 0
    }

    package func recordRun(succeeded: Bool) throws {
        let count = succeeded ? 0 : failedRuns().addingClamped(1)
        try note("\(count)", in: failedRunsFile)
    }

    // MARK: Catalogs

    /// Removes catalogs of manifests that are no longer in use, and those that only an older version could read. Files
    /// that cannot be read, or are held by another run, stay.
    func dropCatalogs(unless isInUse: (_ component: String, _ digest: String) throws -> Bool) {
        let folder = "\(root)/catalogs"
        for file in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            guard let (component, schema) = Self.catalog(named: file), schema <= Self.schema else { continue }
            let path = "\(folder)/\(file)"
            if schema == Self.schema {
                guard let note = try? Self.open(path).note(Self.manifestNote), !note.isEmpty,
                    (try? isInUse(component, note)) == false
                else { continue }
            }
            for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
        }
    }

    /// Parses the name of a catalog's file: `<component>-<schema>.sqlite`.
    private static func catalog(named file: String) -> (component: String, schema: Int)? {
        guard file.hasSuffix(".sqlite"), let dash = file.lastIndex(of: "-"),
            let schema = Int(file[file.index(after: dash)...].dropLast(".sqlite".count))
        else { return nil }
        return (String(file[..<dash]), schema)
    }

    /// Returns the catalog of a manifest: the cached one if it matches, otherwise one created from the repository.
    ///
    /// While another run holds the cache, if it is unreadable, or if the disk is full, a private catalog is used.
    /// - Parameter base: nil for an empty catalog.
    func catalog(of component: String, for base: StoredManifest?, from filler: CatalogFiller) async throws -> Catalog {
        let path = "\(root)/catalogs/\(component)-\(Self.schema).sqlite"
        let catalog: Catalog
        do {
            let cached = try Self.open(path)
            if try cached.note(Self.manifestNote) == (base?.digest.hex ?? "") { return cached }
            catalog = cached
        } catch let error as CatalogError {
            if !error.isBusy { try? FileManager.default.removeItem(atPath: path) }
            catalog = try Catalog(path: nil)
        }
        try catalog.clear()
        if let base { try await filler.fill(catalog, from: base.manifest) }
        try catalog.setNote(Self.manifestNote, base?.digest.hex ?? "")
        return catalog
    }

    // MARK: Workers

    private var workersFolder: String { "\(root)/workers" }
    /// Seconds after which the folder of a run counts as left behind.
    private static let longestWork = 7 * 86_400

    /// Returns the folder of a process that stores a share of a component beside others, in one run.
    package func folder(ofWorker shard: Shard, of component: String, run: String) throws -> StateFolder {
        try StateFolder(path, root: "\(workersFolder)/\(component)-\(run)/\(shard.index)")
    }

    /// Gives workers this machine's catalog of a component, so that they need not read its names from the store. It fails
    /// silently: that costs time only. Blocks.
    package func shareCatalog(of component: String, with shards: [Shard], ofRun run: String) {
        let name = "catalogs/\(component)-\(Self.schema).sqlite"
        for shard in shards {
            // A catalog with a log beside it is in use, or was not closed.
            guard let worker = try? folder(ofWorker: shard, of: component, run: run),
                !FileManager.default.fileExists(atPath: "\(root)/\(name)-wal")
            else { continue }
            try? FileManager.default.copyItem(atPath: "\(root)/\(name)", toPath: "\(worker.root)/\(name)")
        }
    }

    private func leftFile(of component: String, run: String) -> String {
        "\(workersFolder)/\(component)-\(run)/left"
    }

    /// Notes how many workers of a component have work left, for those workers.
    package func noteWorkersLeft(_ count: Int, of component: String, run: String) throws {
        try note("\(count)", in: leftFile(of: component, run: run))
    }

    /// Returns the number of workers of a component that have work left; nil until one has none.
    package func workersLeft(of component: String, run: String) -> Int? {
        guard let data = try? Data(contentsOf: URL(filePath: leftFile(of: component, run: run))) else { return nil }
        return Int(String(decoding: data, as: UTF8.self).split(separator: "\n").first ?? "")
    }

    /// Removes the folders of the workers of a component in a run, and those that dead runs left.
    package func removeWorkers(of component: String, ofRun run: String) {
        let now = Date().timeIntervalSince1970
        for name in (try? FileManager.default.contentsOfDirectory(atPath: workersFolder)) ?? [] {
            let folder = "\(workersFolder)/\(name)"
            let made = (try? FileManager.default.attributesOfItem(atPath: folder))?[.modificationDate] as? Date
            let age = made.map { now - $0.timeIntervalSince1970 } ?? 0
            guard name == "\(component)-\(run)" || age > Double(Self.longestWork) else { continue }
            try? FileManager.default.removeItem(atPath: folder)
        }
    }

    /// Increases whenever the tables change: a catalog of another version is not found.
    private static let schema = 4

    private static func open(_ path: String) throws -> Catalog { try Catalog(path: path) }

    private static func make(_ folder: String, isEntered: Bool = false) throws {
        do throws(FileError) {
            try Folder.makePrivate(folder, isEntered: isEntered)
        } catch {
            throw RepositoryError(
                .target, object: folder, "cannot use it as a state folder: \(error.detail)",
                hint: "set `state:` in dr.yaml to a folder that this user can write to")
        }
    }
}
