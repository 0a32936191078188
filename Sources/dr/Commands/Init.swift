import ArgumentParser
import BackupRepository
import Cryptography
import Foundation
import ObjectStorage
import Operations
import Platform
import StackConfiguration

struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a commented dr.yaml and create the repository, if they do not exist.",
        discussion: """
            A second run changes nothing. With --store, dr creates a repository only with --create: an address with a \
            typing error must not become a new, empty repository. If this machine has used a repository at the address \
            in dr.yaml, and it is not there, dr creates no other one without --create.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(name: .long, help: "Store for the backups: file:///absolute/path or s3://bucket/prefix.")
    var store: String?

    @Flag(name: .long, help: "Create the repository if there is none at the address.")
    var create = false

    @Option(
        name: .long,
        help: """
            Generate a recovery key pair: write the private key to this file, and the certificate beside it as .crt. \
            DR_RECOVERY_PASSPHRASE holds the passphrase.
            """,
        completion: .file())
    var recoveryKey: String?

    @Flag(
        name: .long, help: "Accept the repository as it is, although this machine knows another there, or newer sets.")
    var adopt = false

    func run() async throws {
        let output = Output(options: options)
        if let recoveryKey { try RecoveryKeyWriting.write(recoveryKey, output) }
        let file = options.config ?? ConfigurationFile.standardPlaces[0]
        let configured = try ConfigurationWriting(file, store: store)
        let wroteFile = configured.isNew
        let session = Session(
            options.output, file: file, try configured.parsed(), kinds: supportedKinds,
            pool: BlockingPool(threads: 16))
        let creation = RepositoryCreation(session: session, isOrdered: create, isExpected: store == nil || !wroteFile)
        let (repository, isNew) = try await creation.openOrCreate()
        try await adopt(repository, isNew: isNew, session)
        try configured.write()
        let location = repository.store.location
        let result = Result(
            configuration: file, wroteConfiguration: wroteFile, store: location,
            repository: repository.description.id, createdRepository: isNew)
        try output.result(result) {
            """
            \(wroteFile ? "wrote" : "kept") \(file)
            \(isNew ? "created" : "found") repository \(result.repository) in \(result.store)
            """
        }
        if wroteFile { output.note("next: edit \(file), then run `dr doctor` and `dr backup`") }
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
        var repository: String
        var createdRepository: Bool
    }
}

/// The recovery key pair that `dr init --recovery-key` writes.
private enum RecoveryKeyWriting {
    static func write(_ keyFile: String, _ output: Output) throws {
        let certificateFile = "\(keyFile).crt"
        for file in [keyFile, certificateFile] where FileManager.default.fileExists(atPath: file) {
            throw ValidationError("'\(file)' exists already, and a recovery key is never overwritten")
        }
        let passphrase = ProcessInfo.processInfo.environment["DR_RECOVERY_PASSPHRASE"].map { Array($0.utf8) }
        let pair = try RecoveryKeyPair.generate(
            commonName: "dr recovery", now: WallClock.system.now, passphrase: passphrase)
        // The key first, readable by its owner only from the first byte.
        try OutputFile.create(Array(pair.privateKeyPEM.utf8), at: keyFile, mode: 0o600)
        try OutputFile.create(Array(pair.certificatePEM.utf8), at: certificateFile, mode: 0o644)
        output.note(
            """
            wrote \(keyFile) (\(passphrase == nil ? "without a passphrase" : "passphrase from DR_RECOVERY_PASSPHRASE")) and \(certificateFile)
            add `recipients: [\(certificateFile)]` under store in dr.yaml, and move \(keyFile) to another machine: \
            without it no encrypted backup can be restored
            """)
    }
}

/// The configuration file of `dr init`: an existing one, or the text of a new one.
private struct ConfigurationWriting {
    let file: String
    /// Nil if the file exists.
    private let text: String?

    /// True if the file does not exist yet.
    var isNew: Bool { text != nil }

    /// - Throws: `ValidationError` if the file exists and names another store.
    init(_ file: String, store: String?) throws {
        self.file = file
        let location = try store.map { text in
            do throws(StoreLocationError) { return try StoreLocation(text) } catch {
                throw ValidationError("--store '\(text)' \(error)")
            }
        }
        if FileManager.default.fileExists(atPath: file) {
            let present = try ConfigurationFile.read(file, kinds: supportedKinds).store.url
            if let location, location != present {
                throw ValidationError(
                    "'\(file)' exists already and names the store \(present); edit it, or choose another --config")
            }
            text = nil
        } else {
            text =
                location.map { ConfigurationTemplate.text(store: $0, kinds: supportedKinds) }
                ?? ConfigurationTemplate.text(kinds: supportedKinds)
        }
    }

    func parsed() throws -> Configuration {
        guard let text else { return try ConfigurationFile.read(file, kinds: supportedKinds) }
        let folder = URL(filePath: file).absoluteURL.deletingLastPathComponent().standardizedFileURL.path
        return try ConfigurationFile.parse(text, file: file, folder: folder, kinds: supportedKinds)
    }

    /// Writes the file if it is new.
    func write() throws {
        guard let text else { return }
        try OutputFile.create(Array(text.utf8), at: file, mode: 0o644)
    }
}
