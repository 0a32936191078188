import Archiving
import BackupRepository
import Components
import FoundationEssentials
import Glibc
import Platform
import StackConfiguration
import SystemPackage

/// A private folder in which the files of one backup are unpacked. Blocks.
struct ForeignStage: Sendable {
    /// Absolute.
    let folder: String

    /// - Parameter parent: a folder for such folders; created if it is missing.
    init(in parent: String) throws {
        try Folder.makePrivate(parent)
        folder = "\(parent)/\(RandomName.make())"
        try Folder.makePrivate(folder)
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    /// Removes the folders of runs that died a day or more ago.
    static func removeAbandoned(in parent: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] {
            var status = stat()
            guard stat("\(parent)/\(name)", &status) == 0, time(nil) - status.st_mtim.tv_sec > 86_400 else { continue }
            try? FileManager.default.removeItem(atPath: "\(parent)/\(name)")
        }
    }

    /// Unpacks one part.
    /// - Returns: its files, and the latest time of a write that they show, in seconds since 1970.
    func unpack(
        _ part: ForeignCandidate.Part, of candidate: ForeignCandidate, _ context: ComponentContext
    ) throws -> (files: ForeignFiles, newest: Int?) {
        let root = "\(folder)/\(part.component.name)/files"
        let work = "\(folder)/\(part.component.name)/work"
        for path in ["\(folder)/\(part.component.name)", root, work] { try Folder.makePrivate(path) }
        var newest: Int?
        for file in part.files {
            newest = [newest, file.modified].compactMap { $0 }.max()
            if file.isArchive {
                let target = "\(root)/\(file.name)"
                try Folder.makePrivate(target)
                var limits = ArchiveLimits(plainBytes: try room())
                limits.keepsLinksOutside = file.keepsLinksOutside
                let extraction = try TarExtraction(into: target, limits: limits)
                let result = try extraction.unpack(try file.pieces())
                // A copy of an archive has a later time than the files in it.
                if file.record.size != nil { newest = result.newest ?? newest }
            } else {
                try copy(file, to: "\(root)/\(file.name)")
            }
        }
        var top = root
        if let below = part.folder, let file = part.files.first {
            // restic writes full paths; other versions begin at the directory itself.
            let whole = "\(root)/\(file.name)/\(below)"
            var status = stat()
            let isThere = lstat(whole, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            top = isThere ? whole : "\(root)/\(file.name)"
        }
        return (ForeignFiles(root: top, work: work, time: candidate.time, context: context), newest)
    }

    private func copy(_ file: ForeignFile, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(path, code: errno) }
        let output = FileDescriptor(rawValue: descriptor)
        defer { try? output.close() }
        var size = 0
        let next = try file.pieces()
        while let piece = try next() {
            try Task.checkCancellation()
            size += piece.count
            guard size <= Self.longestDocument else {
                throw ArchiveRefusal(.tooLarge, path: file.name, "it is longer than \(Self.longestDocument) bytes")
            }
            try output.writeAll(piece)
        }
        guard file.record.size.map({ $0 == size }) ?? true else {
            throw ArchiveRefusal(.truncated, path: file.name, "it has \(size) bytes and not \(file.record.size ?? 0)")
        }
    }

    private static let longestDocument = 256 << 20

    /// Bytes that the file system of the stage has room for, less a reserve.
    private func room() throws -> Int {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { throw FileError(folder, code: errno) }
        let (free, overflows) = Int(clamping: status.f_bavail).multipliedReportingOverflow(
            by: Int(clamping: status.f_frsize))
        return overflows ? .max : max(0, free - free / 20 - Self.reserve)
    }

    private static let reserve = 64 << 20
}

/// A name that no other run uses.
private enum RandomName {
    static func make() -> String { UUID().uuidString.lowercased() }
}
