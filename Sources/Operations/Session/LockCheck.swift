import Cryptography
import Foundation
import ObjectStorage
import Platform
import StackConfiguration

/// Whether the store can lock objects, and whether this machine may.
struct LockCheck {
    let store: any ObjectStore
    let lock: LockConfiguration?

    private static let name = "store: object lock"

    /// Blocks.
    func run() -> [Check] {
        guard let store = store as? any RetainingStore else {
            return [Check(Self.name, verdict: lock == nil ? .ok : .failed, "a store of this kind cannot lock objects")]
        }
        do {
            let support = try store.retentionSupport()
            guard support.isEnabled else {
                guard lock != nil else { return [Check(Self.name, verdict: .ok, "the bucket was made without it")] }
                return [
                    Check(
                        Self.name, verdict: .warning,
                        "store.lock is set, but the bucket was made without object lock: nothing can be locked, and "
                            + "backups may be refused")
                ]
            }
            let standard = support.standard.map { ", by default \($0) for every new object, marks too" } ?? ""
            guard let lock else {
                return [Check(Self.name, verdict: .ok, "the bucket has it, store.lock does not use it\(standard)")]
            }
            let check = Check(
                Self.name, verdict: support.standard == nil ? .ok : .warning, "the bucket has it\(standard)")
            return [check, probe(store, lock)]
        } catch let error as ObjectStoreError where error.reason == .denied {
            guard let lock else { return [Check(Self.name, verdict: .ok, "this user may not ask: \(error.detail)")] }
            return [
                Check(Self.name, verdict: .warning, "whether the bucket has it is not told: \(error.detail)"),
                probe(store, lock),
            ]
        } catch {
            return [Check(Self.name, verdict: lock == nil ? .ok : .warning, "not known: \(error)")]
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
            // Hides it until the lock is over; where that is refused, a later prune removes it.
            _ = try store.delete([key])
            guard found == .init(mode: mode, until: now + 120) else {
                return Check(name, verdict: .failed, "the lock that was set does not come back")
            }
            return Check(name, verdict: .ok, "set, extended and read back, \(lock.mode.rawValue)")
        } catch { return Check(name, verdict: .failed, "\(error)") }
    }
}
