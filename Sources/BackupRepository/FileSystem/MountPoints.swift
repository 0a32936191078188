internal import CLinux
internal import FoundationEssentials
internal import Glibc
internal import Platform

/// The mount points of this machine, including bind mounts.
enum MountPoints {
    /// Returns true if a file system is mounted at `path`, also a bind mount of the file system of the folder above.
    /// - Parameter path: absolute, links resolved.
    static func contains(_ path: String) -> Bool {
        let traits = dr_traits(AT_FDCWD, path)
        if traits >= 0, traits & CInt(DR_TRAIT_MOUNT_ROOT_KNOWN) != 0 {
            return traits & CInt(DR_TRAIT_MOUNT_ROOT) != 0
        }
        return all.contains(Array(path.utf8))
    }

    /// Mount points below `path`.
    static func below(_ path: String) -> [String] {
        let folder = Array("\(path)/".utf8)
        return all.filter { $0.starts(with: folder) }.map { String(decoding: $0, as: UTF8.self) }.sorted()
    }

    /// The mount points in `/proc/self/mountinfo`; empty if it cannot be read.
    private static var all: Set<[UInt8]> {
        guard let text = KernelTable.read("/proc/self/mountinfo") else { return [] }
        let lines = text.split(separator: UInt8(ascii: "\n"))
        return Set(
            lines.compactMap { line in
                let fields = line.split(separator: UInt8(ascii: " "))
                return fields.count > 4 ? unescaped(fields[4]) : nil
            })
    }

    /// Decodes a mount point: the kernel writes spaces, tabs, line ends and backslashes as a backslash and three octal
    /// digits.
    private static func unescaped(_ field: some Collection<UInt8>) -> [UInt8] {
        var rest = Array(field)[...]
        var path: [UInt8] = []
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                path.append(value)
                rest = rest.dropFirst(3)
            } else {
                path.append(byte)
            }
        }
        return path
    }
}
