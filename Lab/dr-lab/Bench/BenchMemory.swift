import Foundation
import Lab

/// A group of processes whose memory, with the pages of their files, is less than the corpus: as on a machine with little
/// memory for much data. Needs root and control groups.
struct BenchMemory {
    static let place = "directory, 256 MiB of memory"
    private static let bytes = 256 << 20
    private let group: URL

    /// - Returns: nil if this machine does not allow it.
    init?() {
        let name = "dr-bench-\(ProcessInfo.processInfo.processIdentifier)"
        // Version 1 of control groups, then version 2.
        for (root, limit) in [
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max"),
        ] {
            let group = URL(filePath: root).appending(path: name)
            guard (try? FileManager.default.createDirectory(at: group, withIntermediateDirectories: false)) != nil
            else { continue }
            if (try? "\(Self.bytes)".write(to: group.appending(path: limit), atomically: false, encoding: .utf8)) != nil
            {
                self.group = group
                return
            }
            rmdir(group.path)
        }
        return nil
    }

    /// Removes the group, once its processes have ended.
    func remove() { rmdir(group.path) }

    /// Returns the command, to run in the group.
    func confine(_ command: BenchCommand) -> BenchCommand {
        var confined = command
        let script = #"echo $$ > "$0" && exec "$@""#
        confined.arguments =
            ["/bin/sh", "-c", script, group.appending(path: "cgroup.procs").path] + command.arguments
        return confined
    }

    /// Makes the system forget the pages of all files, which otherwise belong to the first group that read them.
    func forget() throws {
        sync()
        try "1".write(toFile: "/proc/sys/vm/drop_caches", atomically: false, encoding: .utf8)
    }
}
