internal import Cryptography
internal import ObjectStorage

/// The test that a recovery key opens the newest backups, in seconds and without reading them whole.
///
/// For each component of a set: the newest pack is read up to the end of its header, and the key must decrypt the content
/// key in it; the smallest pack is read whole, decrypted, and verified by its authentication tag and its SHA-256.
package struct KeyTest: Sendable {
    let repository: Repository

    package init(_ repository: Repository) { self.repository = repository }

    /// The result for one component.
    package struct Row: Encodable, Equatable, Sendable {
        package enum Outcome: String, Encodable, Sendable {
            /// The key opened both packs.
            case opened
            /// The key did not open one of them.
            case failed
            /// A pack is not encrypted, so no key is needed, and none protects it.
            case clear
            /// The component has no packs.
            case empty
        }

        package var component: String
        package var outcome: Outcome
        /// The id of the newest pack, whose header was read.
        package var newest: String?
        /// The id of the smallest pack, which was read whole.
        package var smallest: String?
        /// The bytes of the smallest pack.
        package var bytes: Int?
        /// The cause of any result other than ``Outcome/opened``.
        package var reason: String?
    }

    /// Tests the newest and the smallest pack of a component in a set. Blocks.
    /// - Throws: `RepositoryError`, `ObjectStoreError` if documents cannot be read; `CancellationError`.
    package func run(_ component: String, of set: BackupSet) throws -> Row {
        let manifest = try repository.manifest(component, of: set)
        let uses = Dictionary(manifest.packs.map { ($0.pack, $0) }) { first, _ in first }
        // One listing shows the sizes and times of all packs, whose indexes need not be read.
        var packs: [(use: Manifest.PackUse, object: ObjectInfo)] = []
        try repository.store.list(prefix: Layout.packPrefix(component), after: nil) { object in
            if let use = Layout.packID(of: object.key).flatMap({ uses[$0] }) { packs.append((use, object)) }
            return .proceed
        }
        guard let smallest = packs.min(by: { $0.object.size < $1.object.size }),
            let newest = packs.max(by: { ($0.object.modified ?? 0) < ($1.object.modified ?? 0) })
        else {
            return Row(
                component: component, outcome: uses.isEmpty ? .empty : .failed,
                reason: uses.isEmpty ? "it has no packs" : "its packs are missing")
        }
        var row = Row(
            component: component, outcome: .opened, newest: newest.use.pack, smallest: smallest.use.pack,
            bytes: smallest.object.size)
        do {
            for (use, isWhole) in [(newest.use, false), (smallest.use, true)] {
                let index = try repository.index(component, use)
                guard index.isEncrypted else {
                    row.outcome = .clear
                    row.reason = "pack \(use.pack) is not encrypted"
                    return row
                }
                try isWhole ? openWhole(index) : openHeader(index)
            }
        } catch let error as CMSError {
            (row.outcome, row.reason) = (.failed, error.detail)
        } catch let error as RepositoryError where error.reason == .damaged {
            (row.outcome, row.reason) = (.failed, "\(error.object): \(error.detail)")
        } catch let error as ObjectStoreError where error.reason == .notFound {
            (row.outcome, row.reason) = (.failed, "\(error)")
        }
        return row
    }

    /// The bytes of a pack that hold the header: many times the size that ten recipients need.
    private static let headerLimit = 256 << 10

    private func openHeader(_ index: PackIndex) throws {
        let decryptor = CMSDecryptor(with: try key(for: index)) { _ in }
        let range = 0..<min(Self.headerLimit, index.object.size)
        try repository.store.get(index.key, range: range) { piece in
            if !decryptor.hasContentKey { try decryptor.write(piece) }
        }
        guard decryptor.hasContentKey else {
            throw RepositoryError.damaged(index.key.text, "its header is too long or not whole")
        }
    }

    private func openWhole(_ index: PackIndex) throws {
        let hash = StreamHash()
        let decryptor = CMSDecryptor(with: try key(for: index)) { _ in try Task.checkCancellation() }
        try repository.store.get(index.key, range: nil) { piece in
            hash.update(piece)
            try decryptor.write(piece)
        }
        try decryptor.finish()
        guard hash.digest() == index.object.sha256 else {
            throw RepositoryError.damaged(index.key.text, "its SHA-256 does not match the recorded one")
        }
    }

    private func key(for index: PackIndex) throws -> RecoveryKey {
        guard let key = repository.encryption.key else {
            throw RepositoryError(
                .encrypted, object: index.key.text, "it is encrypted",
                hint: "specify the recovery key with --recovery-key FILE")
        }
        return key
    }
}
