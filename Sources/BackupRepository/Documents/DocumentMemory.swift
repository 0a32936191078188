internal import ObjectStorage
internal import Synchronization

/// The documents that one command has read, so that it reads each once. Only documents that proved intact are kept.
package final class DocumentMemory: Sendable {
    private let held = Mutex((bytes: 0, documents: [ObjectKey: [UInt8]]()))

    /// Bytes of all documents: those of a selection are some kilobytes each, an index is up to a few megabytes.
    private static let most = 16 << 20

    package init() {}

    subscript(key: ObjectKey) -> [UInt8]? { held.withLock { $0.documents[key] } }

    func keep(_ document: [UInt8], as key: ObjectKey) {
        held.withLock { held in
            guard held.documents[key] == nil, held.bytes + document.count <= Self.most else { return }
            held.bytes += document.count
            held.documents[key] = document
        }
    }
}
