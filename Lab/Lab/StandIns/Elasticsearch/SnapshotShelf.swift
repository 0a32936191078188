package import Documents
package import Foundation
internal import Synchronization

/// The contents of snapshot repositories outside the clusters, as in a bucket or on a shared mount.
///
/// Clusters with the same location share its snapshots, also after one of them was deleted. The contents are in memory,
/// or in one JSON file for each location in a directory, so that stand-ins in several processes share them.
package final class SnapshotShelf: Sendable {
    /// The snapshots of one location by name: `info` as in the API, the captured `indices`, and the remaining `polls`.
    package typealias Snapshots = [String: JSONValue]

    private let directory: URL?
    private let memory = Mutex([String: Snapshots]())

    package init(directory: URL? = nil) throws {
        self.directory = directory
        if let directory { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) }
    }

    /// Returns the snapshots of a location.
    /// - Parameter place: the location, "s3:bucket/path" or "fs:/location".
    package func snapshots(at place: String) -> Snapshots { memory.withLock { read(place, $0) } }

    package func change<Value>(at place: String, _ body: (inout Snapshots) -> Value) -> Value {
        memory.withLock { memory in
            var snapshots = read(place, memory)
            let value = body(&snapshots)
            if let file = file(place) {
                // If the file cannot be written, the stand-in shows a repository without snapshots.
                try? Data(JSONValue.object(snapshots).document).write(to: file, options: .atomic)
            } else {
                memory[place] = snapshots
            }
            return value
        }
    }

    private func read(_ place: String, _ memory: [String: Snapshots]) -> Snapshots {
        guard let file = file(place) else { return memory[place] ?? [:] }
        guard let data = try? Data(contentsOf: file) else { return [:] }
        return (try? JSONValue(parsing: [UInt8](data)))?.object ?? [:]
    }

    private func file(_ place: String) -> URL? {
        let name = String(place.map { $0.isLetter || $0.isNumber ? $0 : "_" })
        return directory?.appending(path: "\(name).json")
    }
}
