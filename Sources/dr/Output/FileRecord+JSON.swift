import BackupRepository
import Foundation

extension FileRecord {
    /// The path's bytes in base 64, where it is not UTF-8; else nil.
    var path64: String? {
        String(validating: path, as: UTF8.self) == nil ? Data(path).base64EncodedString() : nil
    }
}
