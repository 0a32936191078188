internal import Foundation
internal import Glibc
internal import Platform
internal import SystemPackage

/// A drill's folder: made for it, and gone after it. One that a killed drill left behind is removed by the next.
package final class DrillFolder: Sendable {
    package let path: String
    /// What killed drills noted that somebody has to remove beside their folders; a line each.
    package let leftBehind: [String]
    private let lock: Int32

    /// - Parameter parent: holds drills and nothing else; made where it is missing.
    package init(in parent: String, run: String) throws {
        do {
            // Servers run as other users and pass through it to their data; they cannot list it.
            try FileManager.default.createDirectory(
                atPath: parent, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
            leftBehind = Self.sweep(parent)
            path = "\(parent)/\(Self.mark)\(run)"
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o711])
            try FileManager.default.createDirectory(
                atPath: "\(path)/state", withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        } catch {
            throw DrillError("folder '\(parent)'", FileFailure.text(error))
        }
        // Held by the kernel for as long as the process lives: how the next drill knows that this one does.
        lock = open("\(path)/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw DrillError("folder '\(path)'", Errno.last.description)
        }
    }

    deinit { close(lock) }

    /// State of the drill, for the user that runs it alone.
    package var state: String { "\(path)/state" }

    package func remove() { try? FileManager.default.removeItem(atPath: path) }

    private static let mark = "drill-"

    private static let noteName = ".left-behind"

    /// Notes what this drill makes outside its folder, before it does: the next one removes it where this one cannot.
    package func note(_ lines: [String]) throws {
        let text = lines.map { "\($0)\n" }.joined()
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(Self.noteName)"))  // checked: a private folder
    }

    /// - Returns: what the drills that were swept away had noted.
    private static func sweep(_ parent: String) -> [String] {
        var notes: [String] = []
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] where name.hasPrefix(mark) {
            let folder = "\(parent)/\(name)"
            let lock = open("\(folder)/.lock", O_RDWR | O_CLOEXEC)
            guard lock >= 0 else { continue }
            defer { close(lock) }
            guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { continue }
            // A drill that was kept on purpose stays until somebody removes it.
            guard !FileManager.default.fileExists(atPath: "\(folder)/.kept") else { continue }
            let note = (try? String(contentsOfFile: "\(folder)/\(noteName)", encoding: .utf8)) ?? ""
            notes += note.split(separator: "\n").map(String.init)
            try? FileManager.default.removeItem(atPath: folder)
        }
        return notes
    }

    /// Keeps the folder from the next drill's broom.
    package func keep() { try? Data().write(to: URL(filePath: "\(path)/.kept")) }  // checked: a private folder
}
