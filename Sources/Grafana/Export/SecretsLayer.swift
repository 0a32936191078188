internal import BackupRepository
internal import Cryptography
internal import Documents
internal import FoundationEssentials
internal import Glibc
internal import Platform
internal import SystemPackage

/// The secrets of one export, in a private folder that exists until the backup has stored them: none of them stay among
/// the documents in the state folder. The next run removes the folder of a killed one.
///
/// The file has a random member, so that its SHA-256, which lies in the store unencrypted, reveals nothing about a
/// secret.
final class SecretsLayer: Sendable {
    /// The folder at the tree's top, and the one file in it.
    static let name = "secrets"
    static let path = "secrets/contact-points.json"

    let folder: String
    /// Held as long as the folder is in use.
    private let lock: CInt

    var layer: CaptureLayer { CaptureLayer(Self.name, directory: folder) }

    /// Blocks.
    /// - Parameters:
    ///   - secrets: by the names that a restore uses: "organization/1/contact-point/UID/FIELD".
    ///   - state: the component's state folder.
    ///   - run: makes the folder's name unique.
    /// - Throws: `ComponentError` when the folder cannot be written.
    init(_ secrets: [String: String], in state: String, run: String) throws {
        let unfinished = "\(state)/new-\(Self.name)-\(run)"
        folder = "\(state)/\(Self.name)-\(run)"
        guard mkdir(unfinished, 0o700) == 0 else { throw Self.refusal(unfinished) }
        lock = open(unfinished, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // Locked before it has the name by which leftovers are found.
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0, rename(unfinished, folder) == 0 else {
            let failure = Self.refusal(folder)
            rmdir(unfinished)
            throw failure  // `deinit` closes the lock
        }
        do {
            try write(secrets, note: "\(state)/\(Self.name).json")
        } catch {
            remove()
            throw error
        }
    }

    deinit { close(lock) }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    /// Removes the folders of killed runs.
    static func removeLeftovers(in state: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: state)) ?? []
        where name.hasPrefix("\(Self.name)-") {
            let folder = open("\(state)/\(name)", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard folder >= 0 else { continue }
            if flock(folder, LOCK_EX | LOCK_NB) == 0 {
                try? FileManager.default.removeItem(atPath: "\(state)/\(name)")
            }
            close(folder)
        }
    }

    /// The values, by the same names, from the document of a restored tree.
    static func values(_ document: JSONValue?) -> [String: String] {
        (document?["values"]?.object ?? [:]).compactMapValues(\.text)
    }

    // MARK: The file

    private func write(_ secrets: [String: String], note path: String) throws {
        let note = Note(path)
        var (salt, modified) = (note?.salt ?? RandomID.make(), note?.modified)
        var content = Self.document(secrets, salt)
        if note?.digest != Digest(of: content).hex {
            // Each change has another salt, so that two files of a store cannot be compared.
            (salt, modified) = (RandomID.make(), nil)
            content = Self.document(secrets, salt)
        }
        let file = "\(folder)/\(Self.path.split(separator: "/").last ?? "")"
        let output = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw Self.refusal(file) }
        defer { close(output) }
        do { try FileDescriptor(rawValue: output).writeAll(content) } catch let error as Errno {
            throw Self.refusal(file, error)
        }
        // An unchanged file keeps its time, so that two backups do not differ in it.
        if let modified {
            let time = timespec(tv_sec: modified / 1_000_000_000, tv_nsec: modified % 1_000_000_000)
            _ = futimens(output, [time, time])
        }
        var status = stat()
        guard modified == nil, fstat(output, &status) == 0 else { return }
        let (seconds, isTooLarge) = Int(status.st_mtim.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        guard !isTooLarge else { return }
        Note(salt: salt, digest: Digest(of: content).hex, modified: seconds + Int(status.st_mtim.tv_nsec)).write(
            to: path)
    }

    private static func document(_ secrets: [String: String], _ salt: String) -> [UInt8] {
        JSONValue.object(["salt": .string(salt), "values": .object(secrets.mapValues { .string($0) })]).document
    }

    /// The note by which the next run knows if the secrets changed. Losing it costs one more small file in the store.
    private struct Note {
        var salt: String
        var digest: String
        /// Nanoseconds since 1970.
        var modified: Int

        init(salt: String, digest: String, modified: Int) {
            (self.salt, self.digest, self.modified) = (salt, digest, modified)
        }

        init?(_ path: String) {
            guard let bytes = FileManager.default.contents(atPath: path),
                let note = try? JSONValue(parsing: [UInt8](bytes)), let salt = note["salt"]?.text,
                let digest = note["sha256"]?.text, let modified = note["modified"]?.integer, modified >= 0
            else { return nil }
            self.init(salt: salt, digest: digest, modified: modified)
        }

        func write(to path: String) {
            let value: JSONValue = [
                "salt": .string(salt), "sha256": .string(digest), "modified": JSONValue(modified),
            ]
            let bytes = value.document
            let partial = "\(path).partial"
            let output = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
            guard output >= 0 else { return }
            let isWhole = Glibc.write(output, bytes, bytes.count) == bytes.count
            close(output)
            if !isWhole || rename(partial, path) != 0 { unlink(partial) }
        }
    }

    private static func refusal(_ path: String, _ error: Errno = .last) -> ComponentError {
        return ComponentError(
            error == .noSpace ? .noSpace : .other, operation: "write '\(path)'", error.description,
            hint: "`state:` in dr.yaml must be a folder that this user can write to")
    }
}
