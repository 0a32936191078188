package import BackupRepository
package import Components
package import Cryptography
import Documents
import FoundationEssentials
internal import Glibc
import HTTP
package import Logging
package import ObjectStorage
package import Platform
import Retention
package import StackConfiguration

/// The context of a command: the configuration, and from it the store, the repository and this machine's state.
package struct Session {
    package let options: OutputOptions
    /// The path of the configuration file.
    package let file: String
    package internal(set) var configuration: Configuration
    /// The kinds of components that the configuration and the repository may name.
    package let kinds: [any ComponentKind.Type]
    /// Threads for blocking work: packs, concurrent components, HTTP.
    package let pool: BlockingPool
    /// The clock of the session.
    package var clock = WallClock.system
    /// The SHA-256 fingerprints of the certificates whose signatures count, instead of those in the configuration; empty
    /// for those in the configuration.
    package var trust: [Digest] = []
    /// The passphrases of recovery and signing keys.
    package var passphrases = Passphrases()
    /// The file of the private key that opens encrypted backups, if a command names one.
    package var recoveryKey: String?
    /// The state folder with the document keys; nil for that of the configuration.
    package var documentKeyFolder: String?
    /// The newest set that the operator knows of; nil if none is known.
    package var expectedSet: ExpectedSet?
    /// True to use older sets of a revoked signer that no other set proves.
    package var acceptsRevoked = false
    /// True if the command names the store, and there is no configuration file.
    package internal(set) var isWithoutConfiguration = false
    /// The configuration and the plans of the backup set that this session was made from; nil for a `dr.yaml`.
    package var recorded: RecoveryDocuments?
    /// The set of ``recorded``.
    package var recordedSet: Timestamp?
    /// The requests of this command to the store.
    package internal(set) var storeUse = StoreUse()
    /// The metrics of this command.
    package internal(set) var collected = RunFamilies()
    /// The name of the copy that is the store; nil for the first store.
    package internal(set) var copyName: String?
    /// True if the store is a copy of the first one.
    package var isOnCopy: Bool { copyName != nil }
    /// The copies that are read when the store lacks an object, in their order; empty for none.
    package var alternatives: [CopyConfiguration] = []
    /// Limits what the command sends to the store; nil for no limit.
    package internal(set) var sending: RateLimit?
    /// Lets one component at a time have workers: each divides the limits among its own.
    package var workersTurn = SharedBudget(1)
    /// Wraps the store of the repository, so that a drill can read a damaged copy.
    package var wrapsStore: @Sendable (any ObjectStore) -> any ObjectStore = { $0 }

    /// - Parameters:
    ///   - configuration: the configuration file; nil for the default locations.
    ///   - kinds: the supported kinds of components.
    package init(_ options: OutputOptions, configuration: String?, kinds: [any ComponentKind.Type]) throws {
        let file = try ConfigurationFile.locate(explicit: configuration)
        if let remark = ConfigurationFile.remark(on: file, explicit: configuration) {
            StandardError.write("note: \(remark)\n")
        }
        let read = try ConfigurationFile.read(file, kinds: kinds)
        self.init(options, file: file, read, kinds: kinds, pool: BlockingPool(threads: 16))
        logger.debug("configuration: \(URL(filePath: file).absoluteURL.path)")
    }

    /// - Parameter file: the configuration file; relative paths in plans start from its folder.
    package init(
        _ options: OutputOptions, file: String, _ configuration: Configuration, kinds: [any ComponentKind.Type],
        pool: BlockingPool
    ) {
        self.kinds = kinds
        self.options = options
        self.file = file
        self.configuration = configuration
        self.pool = pool
    }

    /// The same session for a command that may use what this machine has of the store: it lists the sets and marks once,
    /// and fetches only those that it never read. Not for a verification, which must see what the store has.
    package var askingOnce: Session {
        var session = self
        session.wrapsStore = { [wrapsStore] in RememberedObjects(wrapsStore($0)) }
        return session
    }

    package func store() throws -> any ObjectStore {
        guard alternatives.isEmpty else { return wrapsStore(try storeWithAlternatives()) }
        do {
            return wrapsStore(try StoreFactory.make(configuration.store, use: storeUse, logger: logger))
        } catch {
            storeUse.noteUnreachable()
            throw error
        }
    }

    /// - Parameters:
    ///   - key: the file of the private key for encrypted packs; nil for ``recoveryKey``.
    ///   - allowsClear: true to read unencrypted packs although there are recipients.
    package func repository(recoveryKey key: String? = nil, allowsClear: Bool = false) async throws -> Repository {
        let store: any ObjectStore = try await advisingOnTheAddress { try self.store() }
        var repository: Repository = try await advisingOnTheAddress {
            try await pool.run { try Repository(opening: store) }
        }
        try checkIdentity(of: repository)
        if let remembered = store.with(RememberedObjects.self), remembered.kept == nil {
            remembered.kept = (try? state(of: repository))?.shelf()
        }
        repository.scope = SetScope(
            stack: configuration.stack.isEmpty ? nil : configuration.stack,
            formerStacks: Set(configuration.formerStacks),
            clockTolerance: configuration.retention.policy.limits.clockTolerance)
        repository.lock = configuration.store.lock.map {
            ObjectLock(mode: $0.mode == .compliance ? .compliance : .governance, margin: $0.margin)
        }
        let certificates =
            configuration.store.recipients + [configuration.store.signing?.certificate].compactMap { $0 }
            + (configuration.store.signing?.trust.compactMap(\.certificate) ?? [])
        for file in certificates { try DocumentError.refuseUntrusted(file) }
        let recipients = try configuration.store.recipients.flatMap { try RecoveryCertificate.load($0) }
        repository.encryption.recipients = recipients
        repository.encryption.allowsClear = allowsClear
        repository.encryption.key = try (key ?? recoveryKey).map { file in
            try DocumentError.refuseUntrusted(file, .privateKey)
            return try RecoveryKey.load(file, certificates: recipients) { try passphrases.ofRecoveryKey(file) }
        }
        repository.encryption.documentKeys = try documentKeyFile(of: repository).keys()
        if let signing = configuration.store.signing {
            repository.signing.trusted = try signing.certificate.map { try X509Certificate.load($0) } ?? []
            repository.signing.trust(try signing.signers())
            repository.signing.signer = try signer()
        }
        if !trust.isEmpty { repository.signing.trust(onlySignersWith: trust) }
        repository.signing.acceptsRevoked = acceptsRevoked
        if let expectedSet { try await pool.run { [repository] in try expectedSet.check(repository, at: now()) } }
        return repository
    }

    /// Runs `body`. A command that names the store or a copy reads an existing repository, so no error advises to create
    /// one in its place.
    private func advisingOnTheAddress<Value>(_ body: () async throws -> Value) async throws -> Value {
        let begin = copyName.map { "; `dr copy \($0)` fills an empty copy" } ?? ""
        let hint = "check the address and the prefix, or mount the volume\(begin)"
        let isOther = isWithoutConfiguration || isOnCopy
        do { return try await body() } catch var error as ObjectStoreError
            where isOther && error.reason == .noSuchStore
        {
            error.hint = hint
            throw error
        } catch var error as RepositoryError where isOther && error.reason == .notARepository {
            error.hint = hint
            throw error
        } catch var error as ObjectStoreError where !configuration.store.copies.isEmpty {
            guard [.noSuchStore, .unreachable, .credentials].contains(error.reason) else { throw error }
            let names = configuration.store.copies.map { "--copy \($0.name)" }.joined(separator: " or ")
            error.hint = [error.hint, "\(names) uses a copy, and `dr repair` fills an empty store from one"]
                .compactMap { $0 }.joined(separator: "; ")
            throw error
        }
    }

    /// The signer of this host; nil if the configuration does not name a key.
    package func signer() throws -> SigningIdentity? {
        guard let signing = configuration.store.signing, let key = signing.key,
            let certificate = signing.certificate
        else { return nil }
        try DocumentError.refuseUntrusted(key, .privateKey)
        return try SigningIdentity.load(certificate: certificate, privateKey: key) {
            try passphrases.ofSigningKey(key, configured: signing.passphrase)
        }
    }

    package func state(of repository: Repository) throws -> StateFolder {
        let state = try StateFolder(stateFolder, repository: repository.description)
        if StateFolder.knownRepository(at: address(of: repository), in: stateFolder) == nil {
            try state.recordRepository(repository.description.id, at: address(of: repository))
        }
        return state
    }

    /// Returns the repository for a command that restores: it reads each document once, and none that this machine has.
    package func remembering(_ repository: Repository) -> Repository {
        var repository = readingOnce(repository)
        repository.cache = (try? state(of: repository))?.documents(isRead: true)
        return repository
    }

    /// Returns the repository for a command that shows what the store has: it reads each document once.
    package func readingOnce(_ repository: Repository) -> Repository {
        var repository = repository
        repository.memory = DocumentMemory()
        return repository
    }

    /// Buckets of one name on two servers are two addresses.
    package func address(of repository: Repository) -> String { address(ofStoreAt: repository.store.location) }

    func address(ofStoreAt location: String) -> String {
        configuration.store.endpoint.map { "\($0) \(location)" } ?? location
    }

    /// - Throws: `RepositoryError` `.otherRepository` if dr.yaml or this machine knows another repository at the address.
    private func checkIdentity(of repository: Repository) throws {
        let (id, place) = (repository.description.id, repository.store.location)
        if let pinned = configuration.store.repository, pinned != id {
            throw RepositoryError(
                .otherRepository, object: place, "it is repository \(id), and dr.yaml expects \(pinned)",
                hint: hintOnCopy
                    ?? "another user replaced the repository, or `store: url:` is wrong; `store: repository:` has the id"
            )
        }
        guard configuration.store.repository == nil,
            let known = StateFolder.knownRepository(at: address(of: repository), in: stateFolder), known != id
        else { return }
        throw RepositoryError(
            .otherRepository, object: place, "it is repository \(id), and this machine knows \(known) there",
            hint: hintOnCopy ?? "another user replaced it; if you did, `dr init --adopt` accepts it")
    }

    private var hintOnCopy: String? {
        copyName.map {
            "name another place as copy '\($0)', or find out who replaced it"
        }
    }

    /// The absolute path of the cache and the journals; need not exist.
    var stateFolder: String {
        configuration.stateFolder(environment: ProcessInfo.processInfo.environment, isRoot: geteuid() == 0)
    }

    package var logger: Logger {
        var logger = Logger(label: "dr") { _ in ErrorLog() }
        logger.logLevel = options.verbose ? .debug : .warning
        return logger
    }

    /// The inspectors of contents, by kind, for the kinds that have one.
    package func inspectors() throws -> [String: any ComponentRestorer] {
        var inspectors: [String: any ComponentRestorer] = [:]
        for kind in kinds { inspectors[kind.name] = try restorer(kind: kind.name) }
        return inspectors
    }

    /// The RPO in seconds.
    package var rpo: Int? { configuration.objectives.rpo.map { Int($0.duration.components.seconds) } }

    /// The time of day, by this session's clock.
    package func now() -> Timestamp { Timestamp(seconds: clock.seconds) }

    /// One pack per core, at most four to limit memory.
    package static var coresUsed: Int { min(max(ProcessInfo.processInfo.activeProcessorCount, 1), 4) }
}
