internal import Cryptography
internal import ObjectStorage

/// Checks that the credentials of a role are refused each operation that the role does not need. Uses probe objects only.
/// Calls block.
struct RoleChecks {
    let store: any ObjectStore
    let role: StoreRole

    func run() -> [Check] {
        if store is DirectoryStore {
            return [
                Check(
                    "role: \(role.rawValue)", verdict: .warning,
                    "the store is a directory: its roles are users of this machine, which dr cannot compare")
            ]
        }
        var checks = [deletion]
        if role == .backup { checks.append(replacement) } else { checks.append(addition) }
        return checks
    }

    private var remedy: String { "limit them with `dr policy --role \(role.rawValue)`" }

    /// A request to delete a name that does not exist succeeds if and only if it is allowed.
    private var deletion: Check {
        judge("delete", mayDo: role.deletesBackups, to: "delete the objects of backups") {
            let key = ObjectKey(trusted: "sets/probe-\(RandomID.make())")  // checked: digits
            if let refused = try store.delete([key]).first { throw refused }
        }
    }

    /// Only a backup adds objects outside of the marks.
    private var addition: Check {
        judge("add", mayDo: false, to: "add objects outside of the marks") {
            let key = ObjectKey(trusted: "\(role.writes ? "" : "marks/")probe/\(RandomID.make())")  // checked: digits
            _ = try store.put(key, [], options: PutOptions(.ifAbsent))
            _ = try? store.delete([key])
        }
    }

    private var replacement: Check {
        judge(
            "replace", mayDo: false,
            to: "replace objects (where the server cannot refuse that, use versions or object lock)"
        ) {
            let key = ObjectKey(trusted: "marks/probe/\(RandomID.make())")  // checked: digits
            _ = try store.put(key, [0], options: PutOptions(.ifAbsent))
            defer { _ = try? store.delete([key]) }
            _ = try store.put(key, [1], options: PutOptions(.none))
        }
    }

    private func judge(_ name: String, mayDo: Bool, to act: String, _ attempt: () throws -> Void) -> Check {
        let name = "role \(role.rawValue): \(name)"
        do {
            try attempt()
            return mayDo
                ? Check(name, verdict: .ok, "allowed, as the role needs")
                : Check(name, verdict: .warning, "these credentials can \(act); \(remedy)")
        } catch let error as ObjectStoreError where error.reason == .denied {
            return mayDo
                ? Check(name, verdict: .failed, "refused, but the role needs it: \(error)")
                : Check(name, verdict: .ok, "refused, as it should be")
        } catch { return Check(name, verdict: .failed, "\(error)") }
    }
}
