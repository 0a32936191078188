import BackupRepository
import Foundation
import StackConfiguration

extension Session {
    /// The folders of this machine that `dr` itself keeps.
    private var ownFolders: [RestoreTarget.ProtectedPlace] {
        var places: [RestoreTarget.ProtectedPlace] = []
        if case .directory(let path) = configuration.store.url { places.append(.init(path, "the store")) }
        places.append(.init(stateFolder, "the state folder"))
        return places
    }

    /// Places that a restore must neither move away nor write into.
    var protectedPlaces: [RestoreTarget.ProtectedPlace] {
        ownFolders + [.init(file, "the configuration"), .init("/proc/self/exe", "this program")]
    }

    /// The folders of `dr` that lie inside a directory: a backup of it skips them.
    func ownFolders(inside directory: String) -> [RestoreTarget.ProtectedPlace] {
        guard let identity = FileIdentity(directory) else { return [] }
        return ownFolders.filter { FileIdentity($0.path) != nil && FileIdentity.way(to: $0.path).contains(identity) }
    }
}
