internal import Archiving
internal import Foundation

/// The compactor's deletion requests, in a separate bolt file that the compactor periodically stores beside the index.
final class LokiDeletions {
    private let live: URL
    private let stored: URL
    private let file: BoltFile
    private static let bucket = "index"

    /// Opens the compactor's file or, if it is missing, the stored copy.
    init(compactor: URL, chunks: URL) throws {
        live = compactor.appending(path: "deletion/delete_requests/delete_requests")
        stored = chunks.appending(path: "index/delete_requests/delete_requests.gz")
        if !FileManager.default.fileExists(atPath: live.path), let data = try? Data(contentsOf: stored) {
            let plain = try GzipStream.decode([UInt8](data), limit: 1 << 26)
            try FileManager.default.createDirectory(
                at: live.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(plain).write(to: live)
        }
        file = try BoltFile(live, bucket: Self.bucket)
    }

    func add(_ request: String) throws { try file.put([request]) }

    func all() -> [String] {
        let bytes = (try? Data(contentsOf: live)).map { [UInt8]($0) } ?? []
        return BoltFile.keys(in: bytes, bucket: Self.bucket) ?? []
    }

    func store() throws {
        try FileManager.default.createDirectory(
            at: stored.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(LokiIndexFile.gzip([UInt8](try Data(contentsOf: live)))).write(to: stored)
    }
}
