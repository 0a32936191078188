internal import Cryptography
internal import FoundationEssentials
internal import Platform

/// Manifests and pack indexes on this machine's disk, as they are stored, by their SHA-256. With it a restore does not
/// fetch them.
///
/// A backup and a verification must not read from it: they have to see what the store has.
package struct DocumentCache: Sendable {
    private let folder: String
    /// False for a backup, which only adds to it.
    private let isRead: Bool

    /// Bytes of all documents; above them the oldest are removed.
    static let most = 256 << 20

    init(_ folder: String, isRead: Bool) { (self.folder, self.isRead) = (folder, isRead) }

    /// The same documents for a part of a run whose other parts have just read or written them in the store.
    var reading: DocumentCache { DocumentCache(folder, isRead: true) }

    /// Returns a document of this hash; nil if there is none, or an altered one.
    func document(_ digest: Digest, limit: Int) -> [UInt8]? {
        guard isRead else { return nil }
        let file = path(digest)
        guard let size = Self.size(file), size <= limit, let data = try? Data(contentsOf: URL(filePath: file)) else {
            return nil
        }
        let bytes = [UInt8](data)
        if Digest(of: bytes) == digest { return bytes }
        try? FileManager.default.removeItem(atPath: file)
        return nil
    }

    /// Keeps a document. A failure costs a later fetch and is not reported.
    func keep(_ document: [UInt8], _ digest: Digest) {
        let file = path(digest)
        guard document.count <= Self.most / 4, Self.size(file) == nil else { return }
        do {
            try Folder.makePrivate(folder)
            try OutputFile.write(document, to: file, links: .refuse)
        } catch { return }
    }

    /// Removes the oldest documents above the limit.
    package func trim() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var files = names.compactMap { name -> (path: String, size: Int, at: Int)? in
            let path = "\(folder)/\(name)"
            return FileFacts(path).map { (path, $0.size, $0.modified) }
        }
        var sum = files.map(\.size).clampedSum()
        guard sum > Self.most else { return }
        files.sort { $0.at < $1.at }
        for file in files where sum > Self.most / 4 * 3 {
            guard (try? FileManager.default.removeItem(atPath: file.path)) != nil else { continue }
            sum -= file.size
        }
    }

    private func path(_ digest: Digest) -> String { "\(folder)/\(digest.hex)" }

    private static func size(_ file: String) -> Int? { FileFacts(file)?.size }
}

extension StateFolder {
    /// The manifests and indexes that this machine has of the repository.
    /// - Parameter isRead: false for a backup, which only adds to it.
    package func documents(isRead: Bool) -> DocumentCache { DocumentCache("\(root)/documents", isRead: isRead) }
}
