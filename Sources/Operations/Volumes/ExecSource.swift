import BackupRepository
import Components
import Cryptography
import Documents
import FoundationEssentials
import Glibc
import Kubernetes
import Platform
import StackConfiguration

/// A component whose data are copied out of its workload's own container with tar: for small data, and for clusters
/// where no other image may run.
///
/// The end of the copy's stream proves nothing, so a second command in the container lists each file with its SHA-256:
/// count, names and hashes decide. Files that changed meanwhile are copied again.
struct ExecSource: ComponentSource {
    let component: String
    let volume: KubernetesVolume
    let kubectl: Kubectl
    let pool: BlockingPool
    /// Makes the component's own source for a copy of the data.
    let source: @Sendable (_ data: String) throws -> any ComponentSource

    static var kind: String { "exec" }
    private static let attempts = 3

    /// The backup records the owners and modes of the copy, and only root can give files to others.
    static func refuseUser(_ user: UInt32, component: String) throws {
        guard user == 0 else {
            throw UsageError(
                "\(component): access 'exec' records the owners and modes of files only if dr runs as root; run dr as "
                    + "root, or use access: mover")
        }
    }

    func capture(_ context: CaptureContext) async throws -> any Capture {
        let place = try await VolumeSearch(volume: volume, kubectl: kubectl).placement()
        guard let pod = place.pod, let container = place.container else {
            throw VolumeError(component, "its workload has no running pod", hint: "start it, or use access: mover")
        }
        let copy = ExecCopy(
            kubectl: kubectl, pod: pod, container: container, path: place.data, limit: volume.limit, pool: pool)
        let folder = "\(context.state)/copy"
        try? FileManager.default.removeItem(atPath: folder)
        try Folder.makePrivate(folder)
        do {
            context.progress.begin("copying")
            var differing: [String] = []
            for attempt in 1...Self.attempts {
                let data = "\(folder)/data"
                try? FileManager.default.removeItem(atPath: data)
                try Folder.makePrivate(data)
                do {
                    try await copy.run(into: data, progress: context.progress)
                    context.progress.begin("comparing")
                    differing = try await copy.differences(from: data)
                } catch let error as VolumeError where error.mayPass && attempt < Self.attempts {
                    context.progress.begin("copying again")
                    continue
                }
                if differing.isEmpty { break }
                guard attempt < Self.attempts else {
                    throw VolumeError(
                        component,
                        "the copy of \(Units.count(differing.count, "file")) differs from the container's after "
                            + "\(Self.attempts) attempts, such as '\(differing[0].printable)'",
                        hint: "use access: mover, which reads the volume itself")
                }
            }
            let inner = try await source("\(folder)/data").capture(context)
            let claim = try await kubectl.object("persistentvolumeclaim/\(place.claim)").flatMap(ClaimRecord.init)
            return CopiedCapture(
                capture: PlacedCapture(
                    capture: inner, placement: try claim?.facts(place) ?? [:], remarks: place.warnings),
                folder: folder)
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
    }
}

/// A capture of a copy, which goes with it.
private struct CopiedCapture: CaptureWrapper {
    let capture: any Capture
    let folder: String

    // The copy is private, and does not change.
    var isFrozen: Bool { true }

    func release() async throws {
        try await capture.release()
        try FileManager.default.removeItem(atPath: folder)
    }
}

/// One copy of a directory in a container.
struct ExecCopy: Sendable {
    let kubectl: Kubectl
    let pod: String
    let container: String
    let path: String
    /// The most bytes to copy.
    let limit: Int
    let pool: BlockingPool

    private func command(_ words: [String]) -> Program {
        kubectl.stream(["exec", pod, "--container=\(container)", "--"] + words)
    }

    /// Copies the directory into an empty folder.
    func run(into folder: String, progress: WorkProgress) async throws {
        let pipe = try InputPipe()
        let environment = InheritedEnvironment.selected(from: ProcessInfo.processInfo.environment)
        // Owners by number: this machine may have other names. The top folder also gets its owner and mode.
        let flags = [
            "--extract", "--file=-", "--directory=\(folder)", "--warning=no-timestamp", "--numeric-owner",
            "--same-owner", "--same-permissions",
        ]
        var reader = Program("tar", flags, environment: environment, timeout: .seconds(12 * 3600))
        reader.input = .pipe(pipe)
        let extraction = Task(executorPreference: pool) { [reader] in try reader.captured().end }
        let writer = command(["tar", "cf", "-", "-C", path, "."])
        do {
            let end = try await pool.run {
                var total = 0
                let end = try writer.run { piece in
                    total += piece.count
                    guard total <= limit else {
                        throw VolumeError(
                            path, "it is larger than \(Units.bytes(limit)), the limit of access 'exec'",
                            hint: "raise `kubernetes: limit:`, or use access: mover")
                    }
                    progress.update { $0.bytes = total }
                    guard Descriptor(pipe.descriptor).write(Array(piece), patience: 60_000) == 0 else {
                        throw VolumeError(path, "tar does not take the copy any more")
                    }
                }
                pipe.close()
                return end
            }
            let extracted = try await extraction.value
            // Status 1 of tar: a file changed as it was read. The comparison finds it.
            guard end.status <= 1 else { throw failure(end, "tar in the container") }
            guard extracted.status == 0 || end.status == 1 else { throw failure(extracted, "tar") }
        } catch {
            pipe.close()
            extraction.cancel()
            _ = try? await extraction.value
            throw error
        }
    }

    private func failure(_ end: ProgramEnd, _ program: String) -> VolumeError {
        let text = end.errors.split(whereSeparator: \.isNewline).last.map { ": \($0)" } ?? ""
        return passing("\(program) failed with status \(end.status)\(text)")
    }

    private func passing(_ detail: String) -> VolumeError {
        var error = VolumeError(path, detail)
        error.mayPass = true
        return error
    }

    /// Returns the names of files that are not the same in the container and in the copy.
    func differences(from folder: String) async throws -> [String] {
        // The last line proves that the list is whole.
        let script = "cd \"$1\" && find . -type f -exec sha256sum {} + && echo \"entries $(find . | wc -l)\""
        let program = command(["sh", "-c", script, "sh", path])
        let (end, list) = try await pool.run {
            var list: [UInt8] = []
            let end = try program.run { piece in
                guard list.count + piece.count <= 256 << 20 else { throw VolumeError(path, "it has too many files") }
                list += piece
            }
            return (end, list)
        }
        guard end.status == 0 else { throw failure(end, "sha256sum in the container") }
        let lines = list.split(separator: UInt8(ascii: "\n")).map { Array($0) }
        guard let last = lines.last, last.starts(with: "entries ".utf8) else {
            throw passing("the list of its files did not arrive whole")
        }
        return try await pool.run {
            var differing: [String] = []
            var files = 0
            for line in lines.dropLast() {
                guard let (digest, name) = Self.parse(line) else {
                    throw passing("sha256sum in the container printed an unknown line")
                }
                files += 1
                try Task.checkCancellation()
                guard try Self.digest(of: Array("\(folder)/".utf8) + name) == digest else {
                    differing.append(String(decoding: name, as: UTF8.self))
                    continue
                }
            }
            let copied = try Self.countFiles(in: folder)
            if differing.isEmpty, copied != files {
                differing.append("\(copied) files were copied, and there are \(files)")
            }
            return differing
        }
    }

    /// Parses a line of sha256sum: the hash, two characters, the name. A line with an escaped name begins with `\`.
    static func parse(_ line: [UInt8]) -> (digest: Digest, name: [UInt8])? {
        let isEscaped = line.first == UInt8(ascii: "\\")
        let rest = isEscaped ? line.dropFirst() : line[...]
        guard rest.count > 66, let digest = Digest(hex: String(decoding: rest.prefix(64), as: UTF8.self)) else {
            return nil
        }
        var name = Array(rest.dropFirst(66))
        if isEscaped {
            var plain: [UInt8] = []
            var iterator = name.makeIterator()
            while let byte = iterator.next() {
                guard byte == UInt8(ascii: "\\") else {
                    plain.append(byte)
                    continue
                }
                switch iterator.next() {
                case UInt8(ascii: "n"): plain.append(UInt8(ascii: "\n"))
                case UInt8(ascii: "r"): plain.append(UInt8(ascii: "\r"))
                case UInt8(ascii: "\\"): plain.append(UInt8(ascii: "\\"))
                default: return nil
                }
            }
            name = plain
        }
        return (digest, name)
    }

    /// Returns the SHA-256 of a file of the copy; nil if it is not there.
    private static func digest(of path: [UInt8]) throws -> Digest? {
        let name = path.map { CChar(bitPattern: $0) } + [0]
        let descriptor = name.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { open($0, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) } ?? -1
        }
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var hasher = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return count == 0 ? Digest(bytes: hasher.finalize()) : nil }
            hasher.update(buffer.span.bytes.extracting(first: count))
        }
    }

    private static func countFiles(in folder: String) throws -> Int {
        var count = 0
        var folders = [folder]
        while let folder = folders.popLast() {
            guard let entries = opendir(folder) else { throw FileError(folder, code: errno) }
            defer { closedir(entries) }
            while let entry = readdir(entries) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
                }
                guard name != ".", name != ".." else { continue }
                let path = "\(folder)/\(name)"
                var status = stat()
                guard lstat(path, &status) == 0 else { throw FileError(path, code: errno) }
                switch status.st_mode & S_IFMT {
                case S_IFREG: count += 1
                case S_IFDIR: folders.append(path)
                default: break
                }
            }
        }
        return count
    }
}
