package import Foundation

/// Tells whether programs wait, by the states that the kernel shows of their threads: on a busy machine a thread that waits
/// for a processor is not one that waits for an answer.
package struct ProgramActivity: Sendable {
    private let folder: String
    private let port: UInt16?

    /// - Parameters:
    ///   - folder: the working directory of the programs.
    ///   - port: of a server on this machine; bytes that it has not read yet count as activity.
    package init(in folder: URL, talkingTo port: UInt16? = nil) {
        self.folder = folder.resolvingSymlinksInPath().path
        self.port = port
    }

    /// The processes with that working directory.
    package var processes: [pid_t] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { name in
            guard let process = pid_t(name),
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(name)/cwd")) == folder
            else { return nil }
            return process
        }
    }

    /// True if every thread of the programs sleeps, and the server has read all that was sent.
    package var isWaiting: Bool { processes.allSatisfy(Self.sleeps) && !hasUnread }

    private static func sleeps(_ process: pid_t) -> Bool {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return threads.allSatisfy { thread in
            // The name in parentheses may have spaces; the state follows it.
            let text = FileText.read("/proc/\(process)/task/\(thread)/stat")
            let state = text.lastIndex(of: ")").flatMap { text[$0...].dropFirst(2).first }
            return state != "R" && state != "D"
        }
    }

    /// Of a listening socket, the kernel shows connections that were not accepted in place of bytes.
    private var hasUnread: Bool {
        guard let port else { return false }
        let own = ":" + String(port, radix: 16, uppercase: true).leftPadded(to: 4)
        return FileText.read("/proc/net/tcp").split(separator: "\n").dropFirst().contains { line in
            let fields = line.split(separator: " ")
            return fields.count > 4 && fields[1].hasSuffix(own) && !fields[4].hasSuffix(":00000000")
        }
    }
}

private enum FileText {
    /// Files of `/proc` have no size, and may be gone.
    static func read(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

extension String {
    fileprivate func leftPadded(to length: Int) -> String {
        String(repeating: "0", count: max(0, length - count)) + self
    }
}
