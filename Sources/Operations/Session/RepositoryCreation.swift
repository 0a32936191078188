package import BackupRepository
import Cryptography
import Foundation
import ObjectStorage
import Platform
import StackConfiguration

/// Opens the repository of a new configuration, or creates it if the operator wants a new one.
package struct RepositoryCreation {
    let session: Session
    /// True if the operator ordered a new repository.
    let isOrdered: Bool
    /// True if a new repository needs no order, because the address was not just typed.
    let isExpected: Bool

    package init(session: Session, isOrdered: Bool, isExpected: Bool) {
        self.session = session
        self.isOrdered = isOrdered
        self.isExpected = isExpected
    }

    /// - Returns: the repository, and true if it is new.
    /// - Throws: `RepositoryError` `.notARepository` if there is none, and dr must not create it.
    package func openOrCreate() async throws -> (Repository, isNew: Bool) {
        let (repository, isNew) = try await session.pool.run { try openedOrCreated() }
        // Without the note, a later `dr init` creates a repository as on a new machine.
        try? session.addressNote.record(repository.description.id)
        return (repository, isNew)
    }

    private func openedOrCreated() throws -> (Repository, isNew: Bool) {
        let settings = session.configuration.store, logger = session.logger
        guard !isOrdered else {
            return try Repository.create(
                in: try StoreFactory.make(settings, create: true, logger: logger), tool: Release.tool,
                now: session.now())
        }
        do {
            return (try Repository(opening: try StoreFactory.make(settings, logger: logger)), false)
        } catch let error as RepositoryError where error.reason == .notARepository {
            try refuse()
        } catch let error as ObjectStoreError where error.reason == .noSuchStore {
            try refuse()
        }
        return try Repository.create(
            in: try StoreFactory.make(settings, create: true, logger: logger), tool: Release.tool, now: session.now())
    }

    private func refuse() throws {
        let address = "\(session.configuration.store.url)"
        if let id = session.addressNote.repository() {
            throw RepositoryError(
                .notARepository, object: address,
                "there is no repository here, but this machine used repository \(id) at this address",
                hint: "check the mount or the bucket; to begin a new repository, add --create")
        }
        guard isExpected else {
            throw RepositoryError(
                .notARepository, object: address, "there is no repository here",
                hint: "check the address; to create a new repository there, add --create")
        }
    }
}

/// This machine's note of the repository that it used at an address.
struct AddressNote {
    private let file: String

    fileprivate init(state: String, address: String) {
        file = "\(state)/addresses/\(Digest(of: Array(address.utf8)).hex)"
    }

    /// The id of the repository; nil if this machine has not used one at the address.
    func repository() -> String? {
        guard let data = try? Data(contentsOf: URL(filePath: file)) else { return nil }
        let id = String(decoding: data.prefix(32), as: UTF8.self)
        return id.utf8.count == 32 && id.allSatisfy(\.isHexDigit) ? id : nil
    }

    func record(_ id: String) throws {
        guard repository() != id else { return }
        try FileManager.default.createDirectory(
            atPath: String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)]), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try OutputFile.write(Array("\(id)\n".utf8), to: file, links: .refuse)
    }
}

extension Session {
    var addressNote: AddressNote {
        AddressNote(state: stateRoot, address: "\(configuration.store.endpoint ?? "") \(configuration.store.url)")
    }
}
