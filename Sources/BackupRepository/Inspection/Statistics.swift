internal import ObjectStorage
package import Platform

/// The storage use of a repository, from listings and the newest manifests.
package struct Statistics: Codable, Equatable, Sendable {
    package struct Component: Codable, Equatable, Sendable {
        package var name: String
        package var backups = 0
        package var packs = 0
        /// Bytes of packs, indexes and manifests.
        package var storedBytes = 0
        /// Plain bytes of the files in its newest backup, and their number.
        package var newestBytes = 0, newestFiles = 0
        /// Plain bytes of all its backups, each counted whole: the size of full copies.
        package var plainBytes = 0
    }

    package var sets = 0, unreadableSets = 0
    package var oldest: Timestamp?
    package var newest: Timestamp?
    /// Bytes of every object under the repository's keys.
    package var storedBytes = 0
    package var objects = 0
    package var components: [Component] = []

    package init(of repository: Repository, pool: BlockingPool) async throws {
        let names = try await pool.run { try repository.setNames() }
        let (sets, unreadable) = try await repository.sets(names, pool: pool)
        let storage = try await pool.run { try RepositoryStorage(of: repository) }
        let counted = sets.map { set in
            (set.name, set.components.map { (name: $0.key, files: $0.value.files, bytes: $0.value.bytes) })
        }
        self.init(counted, unreadable: unreadable.count, storage)
        (oldest, newest) = (names.first, names.last)
    }

    /// - Parameter sets: the sets with the files and bytes of their components, oldest first.
    package init(
        _ sets: [(name: Timestamp, components: [(name: String, files: Int, bytes: Int)])], unreadable: Int,
        _ storage: RepositoryStorage
    ) {
        (oldest, newest) = (sets.first?.name, sets.last?.name)
        self.sets = sets.count
        unreadableSets = unreadable
        var found: [String: Component] = [:]
        for set in sets {
            for part in set.components {
                var component = found[part.name] ?? Component(name: part.name)
                component.backups += 1
                component.plainBytes = component.plainBytes.addingClamped(part.bytes)
                (component.newestBytes, component.newestFiles) = (part.bytes, part.files)
                found[part.name] = component
            }
        }
        (storedBytes, objects) = (storage.bytes, storage.objects)
        for (name, part) in storage.components {
            var component = found[name] ?? Component(name: name)
            (component.storedBytes, component.packs) = (part.bytes, part.packs)
            found[name] = component
        }
        components = found.values.sorted { $0.name < $1.name }
    }
}

/// The space that a repository takes in the store, from one listing.
package struct RepositoryStorage: Sendable {
    /// Bytes of every object, and their number.
    package private(set) var bytes = 0, objects = 0
    /// For each component the bytes of its packs, indexes and manifests, and the number of its packs.
    package private(set) var components: [String: (bytes: Int, packs: Int)] = [:]

    /// Blocks.
    package init(of repository: Repository) throws {
        try repository.store.enumerate(prefix: "", skipping: nil) { object in
            try Task.checkCancellation()
            bytes = bytes.addingClamped(object.size)
            objects += 1
            let parts = object.key.text.split(separator: "/")
            guard parts.count == 3, parts[1] == "packs" || parts[1] == "backups" else { return }
            var component = components[String(parts[0])] ?? (bytes: 0, packs: 0)
            component.bytes = component.bytes.addingClamped(object.size)
            if Layout.packID(of: object.key) != nil { component.packs += 1 }
            components[String(parts[0])] = component
        }
    }
}
