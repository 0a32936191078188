package import FoundationEssentials
internal import Glibc
internal import SystemPackage

/// A table of the kernel below `/proc`.
package enum KernelTable {
    /// Reads the whole table. The kernel returns it a page at a time and reports no size, so a short read is not its
    /// end; Foundation's own readers of files stop there.
    /// - Returns: nil if it cannot be opened or read.
    package static func read(_ path: String) -> Data? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var table = Data()
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            guard
                let count = try? piece.withUnsafeMutableBytes({
                    try FileDescriptor(rawValue: descriptor).read(into: $0)
                })
            else { return nil }
            guard count > 0 else { return table }
            table.append(contentsOf: piece[..<count])
        }
    }
}
