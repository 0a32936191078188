import BackupRepository
import Cryptography
import FoundationEssentials
import ObjectStorage
import Platform
import StackConfiguration

/// The files of another tool's backups: a directory of this machine, or objects below a prefix. All calls block.
enum ForeignPlace: Sendable {
    case directory(String)
    case store(any ObjectStore)

    struct File: Sendable {
        /// Relative to the place.
        var path: String
        var size: Int
        /// The time of the last write in seconds since 1970; nil if it is not known.
        var modified: Int?
    }

    /// The files below a folder, in order.
    /// - Parameter folder: relative; empty for all files of the place.
    func files(below folder: String) throws -> [File] {
        switch self {
        case .directory(let root):
            let top = folder.isEmpty ? root : "\(root)/\(folder)"
            guard FileManager.default.fileExists(atPath: top) else { return [] }
            return try ForeignTree.files(below: top).map { path in
                let whole = folder.isEmpty ? path : "\(folder)/\(path)"
                return Self.file(whole, in: root)
            }
        case .store(let store):
            var files: [File] = []
            try store.list(prefix: folder.isEmpty ? "" : "\(folder)/", after: nil) { object in
                files.append(File(path: object.key.text, size: object.size, modified: object.modified))
                return .proceed
            }
            return files
        }
    }

    /// The SHA-256 of a file of this machine; nil for an object, which would have to be transferred for it.
    func digest(of file: File) throws -> Digest? {
        guard case .directory = self else { return nil }
        var hash = SHA256()
        let next = try pieces(of: file)
        while let piece = try next() {
            try Task.checkCancellation()
            hash.update(piece.span.bytes)
        }
        return Digest(bytes: hash.finalize())
    }

    /// Returns a reader of a file, piece by piece; it returns nil at the end.
    func pieces(of file: File) throws -> () throws -> [UInt8]? {
        switch self {
        case .directory(let root):
            let input = try InputFile("\(root)/\(file.path)")
            return {
                let piece = try input.read(upTo: 1 << 20)
                return piece.isEmpty ? nil : piece
            }
        case .store(let store):
            guard let key = ObjectKey(file.path) else { return { nil } }
            var offset = 0
            return {
                guard offset < file.size else { return nil }
                let end = min(offset + Self.piece, file.size)
                var bytes: [UInt8] = []
                bytes.reserveCapacity(end - offset)
                try store.get(key, range: offset..<end) { piece in
                    piece.withUnsafeBytes { bytes.append(contentsOf: $0) }
                }
                offset = end
                return bytes
            }
        }
    }

    /// Bytes of one request.
    private static let piece = 8 << 20

    private static func file(_ path: String, in root: String) -> File {
        let facts = FileFacts("\(root)/\(path)")
        return File(path: path, size: facts?.size ?? 0, modified: facts?.modified)
    }
}

extension Session {
    /// Opens a place that an operator named: `s3://bucket/prefix`, `file:///path` or a path.
    /// - Returns: the place, its address for messages, and the name of the one file if it is not a folder.
    func foreignPlace(_ text: String) throws -> (place: ForeignPlace, address: String, file: String?) {
        if text.hasPrefix("s3://") {
            let location: StoreLocation
            do throws(StoreLocationError) { location = try StoreLocation(text) } catch {
                throw UsageError("'\(text)' \(error)")
            }
            guard case .s3(let bucket, let prefix) = location else { throw UsageError("'\(text)' is not a bucket") }
            var settings = configuration.store
            var parts = prefix.split(separator: "/").map(String.init)
            let file = parts.last.flatMap { ForeignFile.isArchive($0) ? $0 : nil }
            if file != nil { parts.removeLast() }
            settings.url = .s3(bucket: bucket, prefix: parts.joined(separator: "/"))
            let store = try StoreFactory.make(settings, logger: logger)
            return (.store(store), store.location, file)
        }
        var path = text
        if text.hasPrefix("file://") {
            path = URL(string: text)?.path(percentEncoded: false) ?? String(text.dropFirst("file://".count))
        }
        let url = URL(filePath: path).standardizedFileURL
        var isFolder = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw UsageError("there is no file or directory '\(text)'")
        }
        if isFolder { return (.directory(url.path), url.path, nil) }
        let folder = url.deletingLastPathComponent().standardizedFileURL.path
        return (.directory(folder), folder, url.lastPathComponent)
    }
}
