package import Cryptography

/// The origin of an imported set: another tool's backup.
package struct ImportedFrom: Codable, Equatable, Sendable {
    /// The other tool, as `dr import` names it.
    package var format: String
    /// Its address, without credentials.
    package var from: String
    /// The files that were read, with the component that each is a part of. They identify the backup when it is imported
    /// again.
    package var files: [File]

    package struct File: Codable, Equatable, Sendable {
        package var component: String
        /// Relative to ``from``; for a snapshot, its id and the path in it.
        package var path: String
        /// Bytes as stored; absent for a snapshot.
        package var size: Int?
        /// The SHA-256 as stored; absent if the store was not read for it.
        package var sha256: Digest?

        package init(component: String, path: String, size: Int? = nil, sha256: Digest? = nil) {
            self.component = component
            self.path = path
            self.size = size
            self.sha256 = sha256
        }

        /// True if it is the same file, also under another name if both hashes are known.
        package func isSame(as other: File) -> Bool {
            guard component == other.component, size == other.size else { return false }
            if let sha256, let known = other.sha256 { return sha256 == known }
            return path == other.path
        }
    }

    package init(format: String, from: String, files: [File]) {
        self.format = format
        self.from = from
        self.files = files
    }
}
