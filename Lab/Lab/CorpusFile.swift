internal import Foundation

/// A file that is written sequentially, a megabyte at a time.
struct CorpusFile: ~Copyable {
    private let descriptor: CInt
    private let path: String
    private var buffer: [UInt8] = []
    private static let size = 1 << 20

    init(descriptor: CInt, path: String) {
        self.descriptor = descriptor
        self.path = path
        buffer.reserveCapacity(Self.size + 4096)
    }

    init(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw LabError("open '\(path)': \(String(cString: strerror(errno)))") }
        self.init(descriptor: descriptor, path: path)
    }

    deinit { close(descriptor) }

    mutating func append(_ bytes: some Collection<UInt8>) throws {
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.size { try flush() }
    }

    consuming func finish() throws { try flush() }

    private mutating func flush() throws {
        var offset = 0
        while offset < buffer.count {
            let count = buffer.withUnsafeBytes {
                write(descriptor, $0.baseAddress?.advanced(by: offset), $0.count - offset)
            }
            guard count > 0 else { throw LabError("write '\(path)': \(String(cString: strerror(errno)))") }
            offset += count
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
