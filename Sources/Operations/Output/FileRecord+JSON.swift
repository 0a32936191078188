package import BackupRepository
import FoundationEssentials

extension FileRecord {
    /// The bytes of the path in base 64, if it is not UTF-8; otherwise nil.
    package var path64: String? {
        String(validating: path, as: UTF8.self) == nil ? Data(path).base64EncodedString() : nil
    }
}
