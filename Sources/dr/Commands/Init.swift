import ArgumentParser
import BackupRepository
import Cryptography
import FoundationEssentials
import ObjectStorage
import Operations
import Platform
import StackConfiguration

struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a commented dr.yaml and create the repository, if they do not exist.",
        discussion: """
            A second run changes nothing. A new dr.yaml without --store only proposes an address: dr creates no \
            repository there without --create. Edit the file, and run `dr init` again. With --store, dr creates a \
            repository only with --create: an address with a typing error must not become a new, empty repository. If this machine has used a repository at the address \
            in dr.yaml, and it is not there, dr creates no other one without --create. A new dr.yaml names the id of the \
            repository. For a repository without backups, dr also creates signing.key and signing.crt beside a new \
            dr.yaml, so that the backups are signed; DR_SIGNING_PASSPHRASE encrypts the key.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, help: "Store for the backups: file:///absolute/path or s3://bucket/prefix.")
    var store: String?

    @Flag(name: .long, help: "Create the repository if there is none at the address.")
    var create = false

    @Option(
        name: .long,
        help: """
            Create a recovery key: write the private key to this file, and the certificate beside it as .crt. \
            DR_RECOVERY_PASSPHRASE holds the passphrase; else dr asks at the terminal. `dr key create` has more options.
            """,
        completion: .file())
    var recoveryKey: String?

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "Encrypt backups for the recovery key of this certificate, PEM; may be repeated. dr writes it to the new dr.yaml.",
            valueName: "certificate"),
        completion: .file())
    var recipient: [String] = []

    @Flag(name: .long, help: "Do not create a signing key: backup sets are not signed.")
    var noSigning = false

    @Flag(
        name: .long, help: "Accept the repository as it is, although this machine knows another there, or newer sets.")
    var adopt = false

    @Flag(
        name: .long,
        help: """
            Search this machine for servers, at their usual ports and in systemd's units, and write a new dr.yaml for \
            them. Asks the loopback address only. With --namespace, search a Kubernetes namespace instead.
            """)
    var discover = false

    @Option(
        name: .long,
        help: "With --discover: search the services and workloads of this Kubernetes namespace, with kubectl.")
    var namespace: String?

    @Option(
        name: .long,
        help: "With --namespace: context in the kubeconfig (default: the current one, or the cluster that dr runs in).")
    var context: String?

    @Option(
        name: .long,
        help: "With --namespace: container image of dr, for the pods that read and write volumes.")
    var image: String?

    @Flag(name: .long, help: "Print a commented dr.yaml on standard output, and write nothing.")
    var template = false

    func validate() throws {
        if namespace != nil, !discover { throw ValidationError("--namespace needs --discover") }
        for (option, value) in [("--context", context), ("--image", image)] where value != nil && namespace == nil {
            throw ValidationError("\(option) needs --namespace")
        }
        if let namespace { try ClusterOptions.check(namespace: namespace, of: "--namespace") }
        if let context, context.hasPrefix("-") { throw ValidationError("--context: '\(context)' is not a valid name") }
    }

    func run() async throws {
        if template { return try StandardOutput.write(exactly: ConfigurationTemplate.text(kinds: supportedKinds)) }
        let output = Output(options: options)
        let file = options.config ?? ConfigurationFile.standardPlaces[0]
        var configured = try ConfigurationWriting(file, store: store)
        try configured.take(recipients: recipient)
        let discovered = discover ? try await search(writing: &configured, output) : nil
        if let recoveryKey {
            let certificate = try createRecoveryKey(recoveryKey, isAdded: configured.isNew, output)
            if configured.isNew { try configured.take(recipients: [certificate]) }
        }
        let wroteFile = configured.isNew
        let session = Session(
            options.output, file: file, try configured.parsed(), kinds: supportedKinds,
            pool: BlockingPool(threads: 16))
        let creation = RepositoryCreation(session: session, isOrdered: create, isExpected: !wroteFile)
        // The operator has not seen the address that a new file proposes.
        let isProposed = wroteFile && store == nil && !create
        let (repository, isNew) = try await opened(creation, isProposed: isProposed)
        if let repository {
            try await adopt(repository, isNew: isNew, session)
            configured.protection.repository = repository.description.id
        }
        let signing = wroteFile ? try await signingKey(for: repository, writing: &configured, session, output) : nil
        try configured.write()
        let result = Result(
            configuration: file, wroteConfiguration: wroteFile,
            store: repository?.store.location ?? "\(session.configuration.store.url)",
            repository: repository?.description.id, createdRepository: isNew,
            signingFingerprint: signing?.fingerprint.hex, discovered: discovered?.servers)
        try output.result(result) {
            let outcome =
                result.repository.map { "\(isNew ? "created" : "found") repository \($0) in \(result.store)" }
                ?? "created no repository: \(file) only proposes \(result.store)"
            let table = discovered.map { "\n\($0.table)" } ?? ""
            return "\(wroteFile ? "wrote" : "kept") \(file)\n\(outcome)\(table)"
        }
        guard wroteFile else { return }
        let next = repository == nil ? "`dr init` to create the repository, then `dr doctor`" : "`dr doctor`"
        output.note("next: edit \(file), then run \(next) and `dr backup`")
    }

    /// - Parameter isProposed: true to create none.
    /// - Returns: the repository, nil if there is none, and true if it is new.
    private func opened(
        _ creation: RepositoryCreation, isProposed: Bool
    ) async throws -> (Repository?, isNew: Bool) {
        guard !isProposed else { return (try await creation.openPresent(), false) }
        let (repository, isNew) = try await creation.openOrCreate()
        return (repository, isNew)
    }

    /// Searches for the servers of the stack and checks the entries as `dr doctor` does; a failed one becomes a comment.
    /// - Throws: `ValidationError` if the file exists; `UsageError` if no server can be backed up.
    private func search(writing configured: inout ConfigurationWriting, _ output: Output) async throws
        -> DiscoveredStack
    {
        guard configured.isNew else {
            throw ValidationError(
                "'\(configured.file)' exists already, and dr does not overwrite it; choose another --config")
        }
        let pool = BlockingPool(threads: 16)
        var stack: DiscoveredStack
        if let namespace {
            let found = try await ClusterSearch(
                namespace: namespace, context: context, image: image, kinds: supportedKinds, pool: pool
            ).run()
            stack = DiscoveredStack(found.servers, kinds: supportedKinds)
            configured.cluster = found.cluster
        } else {
            stack = DiscoveredStack(
                try await ServerSearch(kinds: supportedKinds, pool: pool).run(), kinds: supportedKinds)
        }
        if stack.hasUsable {
            configured.components = stack.text
            let session = Session(
                options.output, file: configured.file, try configured.parsed(), kinds: supportedKinds, pool: pool)
            for check in await ComponentChecks(session: session).run() where check.verdict == .failed {
                let component = check.name.prefix { $0 != ":" }
                stack.reject(String(component), reason: "dr doctor: \(check.name): \(check.detail)")
            }
        }
        guard stack.hasUsable else {
            throw UsageError(
                "no server was found that dr can back up\n\(stack.table)\n"
                    + "hint: `dr init` without --discover writes an example; nothing was written")
        }
        configured.components = stack.text
        return stack
    }

    /// Provides the key that signs the sets of a repository without backups.
    /// - Parameter repository: nil if there is none yet.
    /// - Returns: nil if sets are not signed.
    private func signingKey(
        for repository: Repository?, writing configured: inout ConfigurationWriting, _ session: Session,
        _ output: Output
    ) async throws -> HostSigningKey? {
        guard !noSigning else { return nil }
        // Existing sets have other signatures or none, so a reader that trusts only a new key would refuse them.
        guard try await session.pool.run({ try repository?.setNames().isEmpty ?? true }) else {
            output.warn(
                "the repository has backup sets, so dr created no signing key\nhint: docs/keys.md shows how to trust their signer"
            )
            return nil
        }
        let folder = configured.folder
        let key = try await session.pool.run { try HostSigningKey(in: folder) }
        configured.protection.signing = (HostSigningKey.certificateName, HostSigningKey.keyName)
        output.note(
            """
            \(key.isNew ? "wrote" : "kept") \(HostSigningKey.keyName) and \(HostSigningKey.certificateName) beside \
            \(configured.file): dr signs backup sets with this key
            keep its SHA-256 fingerprint for a recovery from nothing: \(key.fingerprint.hex)
            """)
        return key
    }

    /// - Parameter isAdded: true if dr adds the certificate to the configuration.
    /// - Returns: the file of the certificate.
    private func createRecoveryKey(_ file: String, isAdded: Bool, _ output: Output) throws -> String {
        let creation = KeyCreation(.recovery, keyFile: file)
        try creation.checkFiles()
        let passphrase = try NewPassphrase().choose(for: file, .recovery, isRequired: false)
        let created = try creation.write(passphrase: passphrase)
        output.note(
            """
            wrote \(created.key) (\(created.hasPassphrase ? "with" : "without") a passphrase) and \(created.certificate)
            \(isAdded ? "" : "add `recipients: [\(created.certificate)]` under store in dr.yaml, and ")\
            move \(created.key) to another machine: without it no encrypted backup can be restored
            """)
        return created.certificate
    }

    /// Notes which repository is at the address, so that an exchanged one is noticed.
    private func adopt(_ repository: Repository, isNew: Bool, _ session: Session) async throws {
        if !isNew, !adopt {
            _ = try await session.repository()
            return
        }
        try await session.pool.run {
            let state = try session.state(of: repository)
            try state.recordRepository(repository.description.id, at: session.address(of: repository))
            if adopt { try state.forgetMissingSets() }
        }
    }

    private struct Result: Encodable {
        var configuration: String
        var wroteConfiguration: Bool
        var store: String
        /// Nil if there is none yet.
        var repository: String?
        var createdRepository: Bool
        /// The SHA-256 of the signing certificate beside a new configuration.
        var signingFingerprint: String?
        /// With --discover.
        var discovered: [DiscoveredServer]?
    }
}

/// The configuration file of `dr init`: an existing one, or a new one.
private struct ConfigurationWriting {
    let file: String
    /// The location of the store in a new file; nil for the default.
    private let location: StoreLocation?
    /// True if the file does not exist yet.
    let isNew: Bool
    var protection = ConfigurationTemplate.Protection()
    /// The lines of `components:` in a new file; nil for examples.
    var components: String?
    /// The cluster of the components in a new file.
    var cluster: KubernetesConfiguration?

    /// The absolute path of the folder of the file.
    var folder: String { URL(filePath: file).absoluteURL.deletingLastPathComponent().standardizedFileURL.path }

    /// - Throws: `ValidationError` if the file exists and names another store.
    init(_ file: String, store: String?) throws {
        self.file = file
        location = try store.map { text in
            do throws(StoreLocationError) { return try StoreLocation(text) } catch {
                throw ValidationError("--store '\(text)' \(error)")
            }
        }
        isNew = !FileManager.default.fileExists(atPath: file)
        guard !isNew, let location else { return }
        let present = try ConfigurationFile.read(file, kinds: supportedKinds).store.url
        if location != present {
            throw ValidationError(
                "'\(file)' exists already and names the store \(present); edit it, or choose another --config")
        }
    }

    /// Adds recipients to a new file.
    /// - Throws: `ValidationError` if the file exists and lacks one of them; `CMSError` if a certificate cannot be used.
    mutating func take(recipients certificates: [String]) throws {
        guard !certificates.isEmpty else { return }
        let now = WallClock.system.now
        let wanted = try certificates.flatMap { try RecoveryCertificate.load($0) }
        for certificate in wanted { try certificate.checkValidity(at: now) }
        guard !isNew else {
            protection.recipients += certificates.map(path)
            return
        }
        let present = try ConfigurationFile.read(file, kinds: supportedKinds).store.recipients
        let known = Set(try present.flatMap { try RecoveryCertificate.load($0) }.map(\.fingerprint))
        guard wanted.allSatisfy({ known.contains($0.fingerprint) }) else {
            throw ValidationError(
                "'\(file)' exists already and does not list this recipient; `dr key rotate --recipient` adds one")
        }
    }

    /// Returns the path of a file from the folder of the configuration.
    private func path(_ typed: String) -> String {
        let current = URL(filePath: FileManager.default.currentDirectoryPath).standardizedFileURL.path
        return typed.hasPrefix("/") || folder == current
            ? typed : URL(filePath: typed).absoluteURL.standardizedFileURL.path
    }

    private var text: String {
        guard let location else {
            return ConfigurationTemplate.text(
                protection: protection, components: components, cluster: cluster, kinds: supportedKinds)
        }
        return ConfigurationTemplate.text(
            store: location, protection: protection, components: components, cluster: cluster, kinds: supportedKinds)
    }

    func parsed() throws -> Configuration {
        guard isNew else { return try ConfigurationFile.read(file, kinds: supportedKinds) }
        return try ConfigurationFile.parse(text, file: file, folder: folder, kinds: supportedKinds)
    }

    /// Writes the file if it is new.
    func write() throws {
        guard isNew else { return }
        try OutputFile.create(Array(text.utf8), at: file, mode: 0o644)
    }
}
