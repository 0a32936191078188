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
