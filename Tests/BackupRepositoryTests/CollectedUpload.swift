import ObjectStorage

/// An upload to a store in memory, which stores the object in one piece.
final class CollectedUpload: ObjectUpload {
    private let store: ([UInt8]) throws -> ObjectInfo
    private var content: [UInt8] = []

    init(store: @escaping ([UInt8]) throws -> ObjectInfo) { self.store = store }

    func write(_ bytes: RawSpan) throws { bytes.withUnsafeBytes { content += $0 } }
    func finish() throws -> ObjectInfo { try store(content) }
    func cancel() {}
}
