import BackupRepository
import Operations
import Platform
import Synchronization

/// The tables of files that visitors browse: the newest few stay open. Each is a private file on the disk with a page
/// cache of some megabytes.
final class ListingShelf: Sendable {
    /// A component of a set, ready to be browsed.
    struct Opened: Sendable {
        var set: BackupSet
        var manifest: Manifest
        var listing: TreeListing
        var repository: Repository

        var export: FileExport { FileExport(of: listing, manifest, in: repository) }
    }

    private struct Key: Hashable {
        var component: String
        var manifest: Timestamp
    }

    private static let most = 3

    private let state: StackState
    private let open = Mutex<[(key: Key, listing: TreeListing)]>([])

    init(_ state: StackState) { self.state = state }

    /// Reads a set; a damaged or foreign one is an error.
    func set(_ text: String) throws -> (BackupSet, Repository) {
        guard let name = Timestamp(text) else {
            throw PageFailure.notFound("'\(text.printable)' is not the name of a set")
        }
        let state = state
        return try waiting {
            let repository = try await state.repository()
            let set = try await state.session.pool.run { try repository.set(name) }
            guard repository.scope.owns(set) else { throw PageFailure.notFound("the set belongs to another stack") }
            return (set, repository)
        }
    }

    func component(_ component: String, of set: String) throws -> Opened {
        let (set, repository) = try self.set(set)
        guard set.components[component] != nil else {
            throw PageFailure.notFound("set \(set.name) has no component '\(component.printable)'")
        }
        let state = state
        return try waiting { [self] in
            let manifest = try await state.session.pool.run { try repository.manifest(component, of: set) }
            let listing = try await listing(of: manifest, in: repository)
            return Opened(set: set, manifest: manifest, listing: listing, repository: repository)
        }
    }

    /// The two listings of a component that a request compares. They are its own: a comparison locks both in turn, so
    /// two requests that shared them could wait for each other, and a slow client would keep others from them.
    struct Difference: Sendable {
        let component: String
        fileprivate let manifests: (before: Manifest?, after: Manifest?)
        fileprivate let repository: Repository
        fileprivate let state: StackState

        func open() throws -> (before: TreeListing, after: TreeListing) {
            (try listing(manifests.before), try listing(manifests.after))
        }

        private func listing(_ manifest: Manifest?) throws -> TreeListing {
            guard let manifest else { return try TreeListing() }
            let (state, repository) = (state, repository)
            return try waiting { try await TreeListing(of: manifest, in: repository, pool: state.session.pool) }
        }
    }

    /// Reads the manifests of a component in two sets.
    /// - Returns: nil if both sets have the same manifest, so that no file differs.
    func difference(_ component: String, from older: BackupSet, to newer: BackupSet) throws -> Difference? {
        let state = state
        return try waiting {
            let repository = try await state.repository()
            func manifest(of set: BackupSet) async throws -> Manifest? {
                guard set.components[component] != nil else { return nil }
                return try await state.session.pool.run { try repository.manifest(component, of: set) }
            }
            let (before, after) = (try await manifest(of: older), try await manifest(of: newer))
            if let before, let after, before.name == after.name { return nil }
            return Difference(
                component: component, manifests: (before, after), repository: repository, state: state)
        }
    }

    private func listing(of manifest: Manifest, in repository: Repository) async throws -> TreeListing {
        let key = Key(component: manifest.component, manifest: manifest.name)
        let known = open.withLock { open in
            guard let index = open.firstIndex(where: { $0.key == key }) else { return TreeListing?.none }
            let found = open.remove(at: index)
            open.append(found)
            return found.listing
        }
        if let known { return known }
        let listing = try await TreeListing(of: manifest, in: repository, pool: state.session.pool)
        open.withLock { open in
            open.append((key, listing))
            if open.count > Self.most { open.removeFirst() }
        }
        return listing
    }
}
