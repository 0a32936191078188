import BackupRepository
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

    /// The folders of `dr` inside a directory, which a backup of the directory skips.
    func ownFolders(inside directory: String) -> [RestoreTarget.ProtectedPlace] {
        guard let identity = FileIdentity(directory) else { return [] }
        return ownFolders.filter { FileIdentity($0.path) != nil && FileIdentity.way(to: $0.path).contains(identity) }
    }
}
