internal import Glibc
internal import Synchronization

/// Small file systems in memory, mounted at the directories of volumes.
final class TinyDisks: Sendable {
    private let sizes: [String: Int]
    private let mounted = Mutex<Set<String>>([])

    init(sizes: [String: Int]) { self.sizes = sizes }

    func mountIfWanted(claim: String, namespace: String, at path: String) throws {
        guard let size = sizes["\(namespace)/\(claim)"], mounted.withLock({ $0.insert(path).inserted }) else { return }
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(size)k,mode=0755") == 0 else {
            throw LabError("cannot mount '\(path)': \(String(cString: strerror(errno)))")
        }
    }

    func unmountAll() {
        for path in mounted.withLock({ mounted in
            defer { mounted = [] }
            return mounted
        }) { umount2(path, CInt(MNT_DETACH)) }
    }
}
