internal import Glibc
internal import Platform
internal import SystemPackage

extension ContentInspector {
    /// Reads a file through the inspector, in place of both calls.
    /// - Parameters:
    ///   - path: the name of the file in the damage.
    ///   - file: its absolute path.
    ///   - buffer: the space for each piece.
    /// - Returns: the damage; a file that cannot be read is damaged, too.
    package func inspect(_ path: String, at file: String, _ buffer: inout [UInt8]) -> [Damage] {
        let descriptor = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return [Damage(path: path, reason: Errno.last.description)] }
        defer { close(descriptor) }
        do {
            while true {
                let count = try buffer.withUnsafeMutableBytes {
                    try FileDescriptor(rawValue: descriptor).read(into: $0)
                }
                if count == 0 { return finish() }
                write(buffer.span.bytes.extracting(first: count))
            }
        } catch { return [Damage(path: path, reason: "\(error)")] }
    }
}
