package import BackupRepository
import Platform

/// The sentences about drills that do not count, because their marks have no trusted signature.
package enum DrillText {
    /// The time of the last drill in a table, or `never`.
    package static func cell(_ drilled: Timestamp?, untrusted: Timestamp?, never: String = "-") -> String {
        drilled?.readable ?? (untrusted == nil ? never : "not signed")
    }

    /// Returns a warning about the newest drills of components that do not count; nil if there are none.
    package static func remark(_ drills: [String: Timestamp]) -> String? {
        guard let newest = drills.values.max() else { return nil }
        return
            "the last drill, of \(newest.readable), does not count for \(drills.keys.sorted().joined(separator: ", ")): "
            + "its mark is not signed by a trusted signer\nhint: run `dr drill` on a machine with a signing key"
    }
}
