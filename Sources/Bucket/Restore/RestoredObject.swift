internal import BackupRepository
internal import Glibc
internal import Platform
internal import Synchronization
internal import SystemPackage

/// One object in a restored directory.
enum RestoredObject {
    /// Reads a file through its inspector.
    static func check(
        _ path: String, at file: String, with inspector: any ContentInspector, _ buffer: inout [UInt8]
    ) -> [Damage] {
        let descriptor = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return [Damage(path: path, reason: Errno.last.description)] }
        defer { close(descriptor) }
        do {
            while true {
                let count = try buffer.withUnsafeMutableBytes {
                    try FileDescriptor(rawValue: descriptor).read(into: $0)
                }
                if count == 0 { return inspector.finish() }
                inspector.write(buffer.span.bytes.extracting(first: count))
            }
        } catch { return [Damage(path: path, reason: "\(error)")] }
    }
}

/// Collects the damage of blocks that are verified in parallel.
final class FoundBlockDamage: Sendable {
    private let found = Mutex([Damage]())

    func add(_ damage: [Damage]) { found.withLock { $0 += damage } }
    var list: [Damage] { found.withLock { $0 } }
}
