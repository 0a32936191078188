internal import FoundationEssentials
internal import Glibc
internal import Platform
internal import SystemPackage

/// The folder of a drill, which is removed after it. The next drill removes the folder of a killed drill.
package final class DrillFolder: Sendable {
    package let path: String
    /// The notes of killed drills about objects to remove outside their folders, one line each.
    package let leftBehind: [String]
    private let lock: Int32

    /// - Parameter parent: the folder of all drills; created if it is missing.
    package init(in parent: String, run: String) throws {
        do {
            // Servers of other users can enter the folder to reach their data, but cannot list it.
            try Folder.create(parent, mode: 0o711, exactly: true)
            leftBehind = Self.sweep(parent)
            path = "\(parent)/\(Self.mark)\(run)"
            try Folder.create(path, mode: 0o711, exactly: true)
            try FileManager.default.createDirectory(
                atPath: "\(path)/state", withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        } catch {
            throw DrillError("folder '\(parent)'", FileFailure.text(error))
        }
        // The kernel holds the lock while the process lives, so the next drill can detect a running one.
        lock = open("\(path)/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw DrillError("folder '\(path)'", Errno.last.description)
        }
    }

    deinit { close(lock) }

    /// The state folder of the drill, private to its user.
    package var state: String { "\(path)/state" }

    package func remove() { try? FileManager.default.removeItem(atPath: path) }

    private static let mark = "drill-"

    private static let noteName = ".left-behind"

    /// Records the objects that this drill will create outside its folder, so that the next drill can remove them.
    package func note(_ lines: [String]) throws {
        let text = lines.map { "\($0)\n" }.joined()
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(Self.noteName)"))  // checked: a private folder
    }

    /// - Returns: the notes of the removed drills.
    private static func sweep(_ parent: String) -> [String] {
        var notes: [String] = []
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] where name.hasPrefix(mark) {
            let folder = "\(parent)/\(name)"
            let lock = open("\(folder)/.lock", O_RDWR | O_CLOEXEC)
            guard lock >= 0 else { continue }
            defer { close(lock) }
            guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { continue }
            // A kept drill stays until an operator removes it.
            guard !FileManager.default.fileExists(atPath: "\(folder)/.kept") else { continue }
            let note = (try? String(contentsOfFile: "\(folder)/\(noteName)", encoding: .utf8)) ?? ""
            notes += note.split(separator: "\n").map(String.init)
            try? FileManager.default.removeItem(atPath: folder)
        }
        return notes
    }

    /// Protects the folder from the removal by the next drill.
    package func keep() { try? Data().write(to: URL(filePath: "\(path)/.kept")) }  // checked: a private folder
}
