/// The work that a set of store credentials is for. Each role has the least rights that its work needs.
package enum StoreRole: String, CaseIterable, Sendable, Encodable {
    /// `dr backup --no-prune`: lists, reads and adds objects. It cannot delete or replace objects.
    case backup
    /// `dr prune`, `dr pin`, `dr drop`: deletes objects. It writes only marks.
    case prune
    /// `dr verify` and `dr drill`: read everything, and write marks with the results.
    case verify
    /// `dr restore`, `dr list`, `dr status`, `dr thaw`: read everything, ask for archived packs, and write nothing.
    case restore

    /// Rights to the objects below one folder of the repository; the empty folder is the whole repository.
    struct Grant: Sendable {
        enum Right: Sendable { case read, add, delete, readLock, lock, thaw }

        var right: Right
        var folder: String
    }

    /// - Parameter locks: true if the bucket has object lock and dr uses it.
    func grants(locks: Bool) -> [Grant] {
        let leases = ["marks/probe/", "marks/run/"]
        var grants = [Grant(right: .read, folder: "")]
        switch self {
        case .backup:
            grants.append(Grant(right: .add, folder: ""))
            // A lease ends with its run, and `dr doctor` removes its probes: neither protects data.
            grants += leases.map { Grant(right: .delete, folder: $0) }
        case .prune: grants += [Grant(right: .add, folder: "marks/"), Grant(right: .delete, folder: "")]
        case .verify:
            grants.append(Grant(right: .add, folder: "marks/"))
            grants += ["marks/probe/", "marks/sampled/"].map { Grant(right: .delete, folder: $0) }
        case .restore: grants.append(Grant(right: .thaw, folder: ""))
        }
        guard locks else { return grants }
        grants.append(Grant(right: .readLock, folder: ""))
        if self == .backup || self == .prune { grants.append(Grant(right: .lock, folder: "")) }
        return grants
    }

    /// True if the role may delete objects that hold backups.
    var deletesBackups: Bool { self == .prune }

    /// True if the role removes uploads that killed runs did not complete.
    var endsUploads: Bool { self == .prune }

    /// True if the role may add objects.
    var writes: Bool { self != .restore }
}
