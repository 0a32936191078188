internal import BackupRepository
internal import Cryptography
internal import FileTree
internal import Foundation
internal import Lab
internal import Logging
internal import ObjectStorage
internal import Platform

/// A valid repository of two backups, from which inputs are made.
struct RepositoryBase: Sendable {
    enum Protection: String, CaseIterable, Sendable { case plain, encrypted, signed }

    let protection: Protection
    let objects: [ObjectKey: [UInt8]]
    /// The content of each set's tree, by the name of the set.
    let expected: [Timestamp: [String: String]]
    private let keys: RepositoryKeys

    static let component = "tree"

    init(_ protection: Protection, in folder: String, _ keys: RepositoryKeys, pool: BlockingPool) async throws {
        self.protection = protection
        self.keys = keys
        let store = FuzzStore(modified: Self.start)
        var (repository, _) = try Repository.create(
            in: store, tool: "fuzz", now: Timestamp(seconds: Self.start),
            pack: PackSettings(targetBytes: 64 << 10, maximumMembers: 8))
        keys.apply(protection, to: &repository)
        let source = "\(folder)/source-\(protection)"
        let state = try StateFolder("\(folder)/state-\(protection)", repository: repository.description)
        var expected: [Timestamp: [String: String]] = [:]
        for round in 0..<2 {
            try Self.writeTree(source, round: round)
            let now = Timestamp(seconds: Self.start + 3600 * (round + 1))
            let component = BackupRun.Component(
                name: Self.component, kind: "files", source: FileTreeSource(data: source))
            let report = try await BackupRun(
                repository: repository, components: [component], stack: "fuzz", tool: "fuzz", state: state, pool: pool,
                logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }, now: { now }
            ).run()
            expected[report.set.name] = try Self.content(of: source)
            try Self.mark(report.set.name, now, in: repository)
        }
        self.expected = expected
        objects = store.all
    }

    /// Opens a repository with the keys that the base was made with.
    func open(_ store: FuzzStore) throws -> Repository {
        var repository = try Repository(opening: store)
        keys.apply(protection, to: &repository)
        return repository
    }

    /// 2026-11-01.
    static let start = 1_793_491_200

    private static func writeTree(_ folder: String, round: Int) throws {
        let root = URL(filePath: folder)
        try FileManager.default.createDirectory(
            at: root.appending(path: "sub/deep"), withIntermediateDirectories: true)
        var random = CorpusRandom(seed: UInt64(round), part: "tree")
        for number in 0..<6 where number > 0 || round > 0 {
            var noise = [UInt8](repeating: 0, count: 700 + number)
            random.fill(&noise)
            try Data(noise).write(to: root.appending(path: "sub/\(number)"))
        }
        var large = [UInt8](repeating: 0, count: 40_000)
        random.fill(&large)
        try Data(large).write(to: root.appending(path: "sub/deep/large"))
        try Data(String(repeating: "words of round \(round) ", count: 200).utf8).write(to: root.appending(path: "text"))
        try Data().write(to: root.appending(path: "empty"))
        if round == 0 {
            try FileManager.default.createSymbolicLink(
                atPath: root.appending(path: "link").path, withDestinationPath: "sub/deep")
        }
    }

    private static func mark(_ set: Timestamp, _ now: Timestamp, in repository: Repository) throws {
        let marks = Marks(repository)
        try marks.put(PinnedMark(at: now, set: set, until: nil, reason: "fuzz"))
        try marks.put(UnpinnedMark(at: Timestamp(seconds: now.seconds + 1), set: set))
        try marks.put(DrilledMark(at: now, tool: "fuzz", set: set, scenario: "loss", passed: true))
        try marks.put(DroppedMark(at: now, tool: "fuzz", set: Timestamp(seconds: start), reason: "fuzz"))
        let query = RecordedQuery(.init(rawValue: "promql"), of: component, "up", from: 1, to: 2)
        try marks.put(
            RecordedMark(
                tool: "fuzz", set: set,
                results: [RecordedResult(query, sha256: Digest(of: []).hex, text: "[]")],
                canaries: [RecordedCanary(component: component, value: "1", at: 1)]))
    }

    /// Returns the hash of each file below a folder, and the target of each link.
    static func content(of folder: String) throws -> [String: String] {
        var content: [String: String] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            let full = "\(folder)/\(path)"
            let attributes = try FileManager.default.attributesOfItem(atPath: full)
            switch attributes[.type] as? FileAttributeType {
            case .typeRegular?: content[path] = Digest(of: [UInt8](try Data(contentsOf: URL(filePath: full)))).hex
            case .typeSymbolicLink?: content[path] = try FileManager.default.destinationOfSymbolicLink(atPath: full)
            default: content[path] = "directory"
            }
        }
        return content
    }
}

/// The keys of the encrypted and the signed base. They are fixtures, so that a stored input can be read again.
struct RepositoryKeys: Sendable {
    let recipient: RecoveryCertificate
    let key: RecoveryKey
    let signer: SigningIdentity
    let documentKey: DocumentKey

    /// - Parameter folder: for copies that only this user can read.
    init(copyingTo folder: String) throws {
        for name in ["recipient.pem", "recipient.key", "signer.pem", "signer.key"] {
            let content = try Data(contentsOf: Checkout.url("fixtures/fuzz/keys/\(name)"))
            _ = FileManager.default.createFile(
                atPath: "\(folder)/\(name)", contents: content, attributes: [.posixPermissions: 0o600])
        }
        guard let documentKey = DocumentKey(hex: String(repeating: "0f", count: 32)) else {
            throw FuzzFinding("the document key is not valid")
        }
        self.documentKey = documentKey
        recipient = try RecoveryCertificate.load("\(folder)/recipient.pem")[0]
        key = try RecoveryKey.load("\(folder)/recipient.key", certificates: [recipient])
        signer = try SigningIdentity.load(certificate: "\(folder)/signer.pem", privateKey: "\(folder)/signer.key")
    }

    func apply(_ protection: RepositoryBase.Protection, to repository: inout Repository) {
        switch protection {
        case .plain: break
        case .encrypted:
            repository.encryption.recipients = [recipient]
            repository.encryption.key = key
            repository.encryption.documentKeys = [documentKey]
        case .signed: repository.signing = SetSigning(signer: signer, trusted: [signer.certificate])
        }
    }
}
