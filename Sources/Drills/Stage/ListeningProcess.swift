internal import FoundationEssentials
internal import Glibc
internal import Platform

/// The program that listens on a TCP port of 127.0.0.1, as far as /proc shows it to this user.
struct ListeningProcess: CustomStringConvertible {
    var id: Int
    var name: String
    /// Seconds since the kernel booted.
    var startedAt: Double

    var description: String { "'\(name)' (process \(id))" }

    /// The oldest process that has the listening socket open: its children may have inherited the socket.
    /// - Returns: nil if no process listens, or if this user may not see it.
    static func on(_ port: UInt16) -> ListeningProcess? {
        let sockets = Set(["tcp", "tcp6"].flatMap { listeners(port, in: "/proc/net/\($0)") })
        guard !sockets.isEmpty else { return nil }
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return oldest(of: processes.compactMap(Int.init).filter { hasOpen(sockets, $0) })
    }

    static func oldest(of processes: [Int]) -> ListeningProcess? {
        processes.compactMap(ListeningProcess.init).min { $0.startedAt < $1.startedAt }
    }

    /// Seconds since the kernel booted.
    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private init?(_ id: Int) {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")")
        else { return nil }
        // proc(5): field 22 is the start in clock ticks; the name before it may hold anything, so count from its end.
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 19, let ticks = Double(fields[19]) else { return nil }
        self.id = id
        name = String(text[text.index(after: open)..<close])
        startedAt = ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Inodes of the sockets in a table of the kernel's that listen on the port at 127.0.0.1 or at any address.
    private static func listeners(_ port: UInt16, in table: String) -> [String] {
        let addresses: Set = [
            "0100007F", "00000000", String(repeating: "0", count: 32), "0000000000000000FFFF00000100007F",
        ]
        let digits = String(port, radix: 16, uppercase: true)
        let wanted = String(repeating: "0", count: 4 - digits.count) + digits
        let lines = String(decoding: KernelTable.read(table) ?? Data(), as: UTF8.self).split(separator: "\n")
        return lines.compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A" else { return nil }
            let local = fields[1].split(separator: ":")
            guard local.count == 2, local[1] == wanted, addresses.contains(String(local[0])) else { return nil }
            return String(fields[9])
        }
    }

    private static func hasOpen(_ sockets: Set<String>, _ process: Int) -> Bool {
        let folder = "/proc/\(process)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.contains { name in
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)"),
                target.hasPrefix("socket:[")
            else { return false }
            return sockets.contains(String(target.dropFirst("socket:[".count).dropLast()))
        }
    }
}
