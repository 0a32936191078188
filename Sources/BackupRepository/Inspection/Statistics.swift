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
        (oldest, newest) = (names.first, names.last)
        self.sets = sets.count
        unreadableSets = unreadable.count
        var found: [String: Component] = [:]
        for set in sets {
            for (name, part) in set.components {
                var component = found[name] ?? Component(name: name)
                component.backups += 1
                component.plainBytes = component.plainBytes.addingClamped(part.bytes)
                (component.newestBytes, component.newestFiles) = (part.bytes, part.files)
                found[name] = component
            }
        }
        let listed = try await pool.run { [found] in
            var found = found
            var stored = 0
            var objects = 0
            try repository.store.list(prefix: "", after: nil) { object in
                try Task.checkCancellation()
                stored = stored.addingClamped(object.size)
                objects += 1
                let parts = object.key.text.split(separator: "/")
                guard parts.count == 3, parts[1] == "packs" || parts[1] == "backups" else { return .proceed }
                var component = found[String(parts[0])] ?? Component(name: String(parts[0]))
                component.storedBytes = component.storedBytes.addingClamped(object.size)
                if Layout.packID(of: object.key) != nil { component.packs += 1 }
                found[component.name] = component
                return .proceed
            }
            return (found, stored, objects)
        }
        (storedBytes, objects) = (listed.1, listed.2)
        components = listed.0.values.sorted { $0.name < $1.name }
    }
}
