package import Documents
package import Foundation
internal import Synchronization

/// What lies in snapshot repositories, apart from any cluster, as in a bucket or on a shared mount: clusters that name
/// the same place see the same snapshots, also after one of them is gone.
///
/// In memory, or as one JSON file for each place in a directory, so that stand-ins in several processes share it.
package final class SnapshotShelf: Sendable {
    /// Snapshots of one place, by name: `info` as the API shows it, `indices` as they were, `polls` that it still takes.
    package typealias Snapshots = [String: JSONValue]

    private let directory: URL?
    private let memory = Mutex([String: Snapshots]())

    package init(directory: URL? = nil) throws {
        self.directory = directory
        if let directory { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) }
    }

    /// - Parameter place: "s3:bucket/path" or "fs:/location".
    package func snapshots(at place: String) -> Snapshots { memory.withLock { read(place, $0) } }

    package func change<Value>(at place: String, _ body: (inout Snapshots) -> Value) -> Value {
        memory.withLock { memory in
            var snapshots = read(place, memory)
            let value = body(&snapshots)
            if let file = file(place) {
                // A stand-in that cannot keep its repository shows it as a repository without snapshots.
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
