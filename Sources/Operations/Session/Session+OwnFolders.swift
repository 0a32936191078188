import BackupRepository
import Components
import FoundationEssentials
import Platform
import StackConfiguration

extension Session {
    /// The folders of `dr` on this machine.
    private var ownFolders: [RestoreTarget.ProtectedPlace] {
        var places: [RestoreTarget.ProtectedPlace] = []
        if case .directory(let path) = configuration.store.url { places.append(.init(path, "the store")) }
        places.append(.init(stateFolder, "the state folder"))
        return places
    }

    /// The files and folders that a restore must not move or write to.
    var protectedPlaces: [RestoreTarget.ProtectedPlace] {
        ownFolders + [.init(file, "the configuration"), .init(OwnProgram.path, "this program")]
    }

    /// Refuses to read or write objects among those of this configuration's stores.
    ///
    /// One server has many names, so the endpoints do not count: the same bucket and prefix on two servers is refused too.
    /// - Parameter url: `s3://bucket/prefix`.
    /// - Throws: `UsageError`.
    func refuseOwnStore(at url: String) throws {
        for store in [configuration.store] + configuration.store.copies.map(\.store) {
            let own = "\(store.url)"
            guard "\(url)/".hasPrefix("\(own)/") || "\(own)/".hasPrefix("\(url)/") else { continue }
            throw UsageError("'\(url)' and the backups in '\(own)' have keys in common: use another bucket or prefix")
        }
    }

    /// Refuses a component that would back up the backups.
    /// - Throws: `UsageError`.
    func refuseOwnStore(in component: ComponentConfiguration) throws {
        for place in component.settings.places(of: component.name) {
            // A server that writes elsewhere in the bucket may use it together with dr.
            guard place.isBackedUp, case .bucket(let bucket, let prefix, _) = place.kind else { continue }
            let url = StoreLocation.s3(bucket: bucket, prefix: prefix)
            try refuseOwnStore(at: "\(url)")
        }
    }

    /// The folders of `dr` inside a directory, which a backup of the directory skips.
    func ownFolders(inside directory: String) -> [RestoreTarget.ProtectedPlace] {
        guard let identity = FileIdentity(directory) else { return [] }
        return ownFolders.filter { FileIdentity($0.path) != nil && FileIdentity.way(to: $0.path).contains(identity) }
    }
}
