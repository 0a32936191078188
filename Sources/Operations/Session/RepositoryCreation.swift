package import BackupRepository
import FoundationEssentials
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
        try await session.pool.run { try openedOrCreated() }
    }

    /// - Returns: nil if there is none; dr does not create one.
    /// - Throws: `RepositoryError` `.notARepository` if this machine knows one at the address.
    package func openPresent() async throws -> Repository? {
        try await session.pool.run { try opened() }
    }

    /// - Returns: nil if there is none.
    private func opened() throws -> Repository? {
        do {
            return try Repository(opening: try StoreFactory.make(session.configuration.store, logger: session.logger))
        } catch let error as RepositoryError where error.reason == .notARepository {
            try refuseLoss()
        } catch let error as ObjectStoreError where error.reason == .noSuchStore {
            try refuseLoss()
        }
        return nil
    }

    private func openedOrCreated() throws -> (Repository, isNew: Bool) {
        let settings = session.configuration.store, logger = session.logger
        guard !isOrdered else {
            return try Repository.create(
                in: try StoreFactory.make(settings, create: true, logger: logger), tool: Release.tool,
                now: session.now())
        }
        if let present = try opened() { return (present, false) }
        guard isExpected else {
            throw RepositoryError(
                .notARepository, object: "\(settings.url)", "there is no repository here",
                hint: "check the address; to create a new repository there, add --create")
        }
        return try Repository.create(
            in: try StoreFactory.make(settings, create: true, logger: logger), tool: Release.tool, now: session.now())
    }

    /// - Throws: `RepositoryError` `.notARepository` if this machine has used a repository at the address.
    private func refuseLoss() throws {
        let address = "\(session.configuration.store.url)"
        guard let id = knownRepository(at: address) else { return }
        throw RepositoryError(
            .notARepository, object: address,
            "there is no repository here, but this machine used repository \(id) at this address",
            hint: "check the mount or the bucket; to begin a new repository, add --create")
    }

    /// The id of the repository that this machine used at the address; nil if it has used none there.
    private func knownRepository(at address: String) -> String? {
        var address = address
        if case .directory(let path) = session.configuration.store.url {
            // The note has the path without links, which a missing folder does not show.
            let folder = URL(filePath: path)
            let parent = folder.deletingLastPathComponent().resolvingSymlinksInPath()
            address = "file://\(parent.appending(path: folder.lastPathComponent).resolvingSymlinksInPath().path)"
        }
        return StateFolder.knownRepository(at: address, in: session.stateRoot)
    }
}
