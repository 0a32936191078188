import Cryptography
import FoundationEssentials
import ObjectStorage
import Platform
import StackConfiguration

/// Checks that the store can lock objects, and that this machine has permission to do so.
struct LockCheck {
    let store: any ObjectStore
    let lock: LockConfiguration?

    private static let name = "store: object lock"

    /// Blocks.
    func run() -> [Check] {
        guard let store = store.with((any RetainingStore).self) else {
            return [Check(Self.name, verdict: lock == nil ? .ok : .failed, "this type of store cannot lock objects")]
        }
        do {
            let support = try store.retentionSupport()
            guard support.isEnabled else {
                guard lock != nil else { return [Check(Self.name, verdict: .ok, "the bucket does not have it")] }
                return [
                    Check(
                        Self.name, verdict: .warning,
                        "store.lock is set, but the bucket does not have object lock: objects cannot be locked, and the store may refuse backups"
                    )
                ]
            }
            let standard = support.standard.map { ", with default \($0) for every new object, including marks" } ?? ""
            guard let lock else {
                return [Check(Self.name, verdict: .ok, "the bucket has it, but store.lock is not set\(standard)")]
            }
            let check = Check(
                Self.name, verdict: support.standard == nil ? .ok : .warning, "the bucket has it\(standard)")
            return [check, probe(store, lock)]
        } catch let error as ObjectStoreError where error.reason == .denied {
            guard let lock else {
                return [Check(Self.name, verdict: .ok, "no permission to read the setting: \(error.detail)")]
            }
            return [
                Check(Self.name, verdict: .warning, "no permission to read the setting: \(error.detail)"),
                probe(store, lock),
            ]
        } catch {
            return [Check(Self.name, verdict: lock == nil ? .ok : .warning, "unknown: \(error)")]
        }
    }

    /// Locks a small object for two minutes, in the mode that backups use.
    private func probe(_ store: any RetainingStore, _ lock: LockConfiguration) -> Check {
        let name = "store: lock an object"
        let key = ObjectKey(trusted: "marks/probe/\(RandomID.make())")  // checked: digits
        let mode: PutOptions.LockMode = lock.mode == .compliance ? .compliance : .governance
        do {
            let now = WallClock.system.seconds
            _ = try store.put(key, [1], options: PutOptions(.ifAbsent, lock: .init(mode: mode, until: now + 60)))
            try store.retain(key, .init(mode: mode, until: now + 120))
            let found = try store.retention(of: key)
            // Hides the object until the lock expires; if the store refuses that, a later prune removes the object.
            _ = try store.delete([key])
            guard found == .init(mode: mode, until: now + 120) else {
                return Check(name, verdict: .failed, "the store does not return the lock that was set")
            }
            return Check(name, verdict: .ok, "set, extended and read back, \(lock.mode.rawValue)")
        } catch { return Check(name, verdict: .failed, "\(error)") }
    }
}
