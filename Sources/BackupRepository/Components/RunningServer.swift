internal import FoundationEssentials
internal import Glibc
internal import Platform
internal import SystemPackage

/// Searches for a server that uses a data directory, before a restore replaces it. All calls block.
package struct RunningServer: Sendable {
    /// The signs by which a kind of server is recognised.
    package struct Traits: Sendable {
        /// The command-line flag for its data directory, without dashes: "storage.tsdb.path".
        package var flag: String
        /// The file in it that the server locks with flock(2), if it does.
        package var lock: String?
        /// Files that only the server opens.
        package var files: [String]
        /// Folders of such files, at any depth.
        package var folders: [String]

        package init(flag: String, lock: String? = nil, files: [String] = [], folders: [String] = []) {
            self.flag = flag
            self.lock = lock
            self.files = files
            self.folders = folders
        }
    }

    /// Normalised, absolute.
    private let target: String
    private let traits: Traits

    package init(on target: String, _ traits: Traits) {
        self.target = Self.resolved(target)
        self.traits = traits
    }

    /// Returns the findings, each a sentence for people; empty if there are none. It sees the processes of this machine
    /// (and of its containers, if run outside them) as far as this user may.
    package func signs() -> [String] {
        var signs = processes().map { process in
            "process \(process.id) (\(process.name.printable)) uses '\(target.printable)': stop it before its data are replaced"
        }
        switch lock() {
        case .held where signs.isEmpty: signs.append("a server holds the lock in '\(target)': stop it first")
        case .unknown(let why): signs.append("cannot check if a server holds the lock in '\(target)': \(why)")
        case .held, .free: break
        }
        return signs
    }

    // MARK: Lock file

    private enum Lock { case free, held, unknown(String) }

    /// The existence of the file is not a sign: a killed server leaves it.
    private func lock() -> Lock {
        guard let name = traits.lock else { return .free }
        let descriptor = open("\(target)/\(name)", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return errno == ENOENT ? .free : .unknown(Errno.last.description) }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
            flock(descriptor, LOCK_UN)
            return .free
        }
        return errno == EWOULDBLOCK ? .held : .unknown(Errno.last.description)
    }

    // MARK: Processes

    private func processes() -> [(id: Int, name: String)] {
        let ids = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int($0) }
        let files = serversFiles()
        return ids.sorted().compactMap { id in
            guard id != Int(getpid()), runsOnTarget(id) || hasOpenFile(id, among: files) else { return nil }
            let name = FileManager.default.contents(atPath: "/proc/\(id)/comm")
            return (id, name.map { String(decoding: $0, as: UTF8.self).split(separator: "\n").joined() } ?? "?")
        }
    }

    /// Returns true if its command line specifies the target as its data directory.
    private func runsOnTarget(_ id: Int) -> Bool {
        guard let line = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") else { return false }
        let arguments = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        for (index, argument) in arguments.enumerated() {
            let plain = argument.drop { $0 == "-" }
            guard argument.hasPrefix("-"), plain.hasPrefix(traits.flag) else { continue }
            let rest = plain.dropFirst(traits.flag.count)
            let following = index + 1 < arguments.count ? arguments[index + 1] : ""
            let value = rest.hasPrefix("=") ? String(rest.dropFirst()) : following
            let place = value.hasPrefix("/") ? value : "/proc/\(id)/cwd/\(value)"
            // A path in a container has another meaning here; its open files are checked instead.
            if !value.isEmpty, Self.resolved(place) == target, Self.sharesRoot(id) { return true }
        }
        return false
    }

    /// Returns true if it has opened one of the files that only a server opens. Compared by inode, which is the same
    /// inside and outside of a container. An open directory or block is ignored: it may belong to a shell or a backup.
    private func hasOpenFile(_ id: Int, among servers: Set<FileIdentity>) -> Bool {
        guard !servers.isEmpty else { return false }
        let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd")) ?? []
        return files.contains { FileIdentity("/proc/\(id)/fd/\($0)").map(servers.contains) ?? false }
    }

    private func serversFiles() -> Set<FileIdentity> {
        let inFolders = traits.folders.flatMap { folder in
            ((try? FileManager.default.subpathsOfDirectory(atPath: "\(target)/\(folder)")) ?? []).map {
                "\(folder)/\($0)"
            }
        }
        return Set((traits.files + inFolders).compactMap { FileIdentity("\(target)/\($0)") })
    }

    private static func sharesRoot(_ id: Int) -> Bool { resolved("/proc/\(id)/root") == "/" }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else {
            return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        }
        defer { free(real) }
        return String(cString: real)
    }
}
