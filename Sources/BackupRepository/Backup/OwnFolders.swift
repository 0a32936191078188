internal import Glibc
internal import ObjectStorage

/// Folders of this program that no backup includes, also inside a component's directory: the store, the state folder,
/// and the folders that restores leave beside their targets.
package struct OwnFolders: Sendable {
    private var words: [FileIdentity: String] = [:]

    package init() {}

    /// The store and the state folder of a run, however their paths are written.
    init(of repository: Repository, _ state: StateFolder) {
        if let store = repository.store.with(DirectoryStore.self) { add(store.root, "the store") }
        add(state.path, "the state folder")
    }

    /// - Parameter words: the folder's name in messages: "the store".
    package mutating func add(_ path: String, _ words: String) {
        // Identified by device and inode: links and bind mounts lead to the same folder.
        if let identity = FileIdentity(path) { self.words[identity] = words }
    }

    subscript(_ identity: FileIdentity) -> String? { words[identity] }

    /// Returns a description of a folder of a restore by its name: the tree of an interrupted one, or the old content
    /// of a mount point.
    static func leftover(named name: some BidirectionalCollection<UInt8>) -> String? {
        guard name.first == UInt8(ascii: ".") else { return nil }
        let text = String(decoding: name, as: UTF8.self)
        guard Timestamp(String(text.suffix(16))) != nil else { return nil }
        if text.hasPrefix(RestoreNames.staging) { return "the unfinished tree of a restore" }
        if text.hasPrefix(RestoreNames.aside) { return "old content that a restore kept" }
        return nil
    }
}
