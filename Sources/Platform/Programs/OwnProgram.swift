internal import Glibc

/// The file that starts the program of this process again, for child processes and for the schedule.
package enum OwnProgram {
    /// The absolute path, or `/proc/self/exe` if the path cannot be found.
    ///
    /// The portable archive runs the program through its own loader, so that the kernel names the loader as the file of
    /// the process. The archive's start script starts the program with this loader.
    package static let path = startFile(ofProcessFile: processFile) ?? "/proc/self/exe"

    /// The folder of the portable archive that the program runs from; nil for an installed program.
    package static let archive = archive(ofProcessFile: processFile)

    static func startFile(ofProcessFile file: String?) -> String? {
        if let archive = archive(ofProcessFile: file) { return "\(archive)/dr" }
        // The kernel adds this to the name of a file that an upgrade replaced.
        guard let file, !file.hasSuffix(" (deleted)") else { return nil }
        return file
    }

    /// - Parameter file: the file of the process by the kernel.
    static func archive(ofProcessFile file: String?) -> String? {
        guard let file, file.hasPrefix("/"), file.hasSuffix(loader) else { return nil }
        return String(file.dropLast(loader.count))
    }

    /// The loader's place in the archive.
    private static let loader = "/lib/ld-linux-x86-64.so.2"

    private static var processFile: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0, count < buffer.count else { return nil }
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
