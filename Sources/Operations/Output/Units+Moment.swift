import BackupRepository
package import Platform

extension Units {
    /// A moment given in milliseconds since 1970.
    package static func moment(milliseconds: Int?) -> String {
        milliseconds.map { Timestamp(seconds: $0 / 1000).readable } ?? "-"
    }
}
