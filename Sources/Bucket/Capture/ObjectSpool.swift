internal import BackupRepository
internal import Cryptography
internal import FoundationEssentials
internal import Glibc
internal import Platform
internal import S3

/// Copies of objects that are read before all others are listed, in a private folder that is kept between runs: an
/// unchanged object is not read again. Losing it costs requests only.
///
/// Each file's name is a hash of the key and of the version; its header fields are beside it.
struct ObjectSpool: Sendable {
    private let folder: String

    init(_ folder: String) throws {
        self.folder = folder
        try Folder.makePrivate(folder)
    }

    private static let headersEnding = ".headers"
    private static let partEnding = ".part"

    private func name(_ object: BucketObject) -> String {
        let version = "\(object.size)\n\(object.tag ?? "")\n\(object.modified ?? 0)\n"
        return Digest(of: Array(version.utf8) + object.key.bytes).hex
    }

    func holds(_ object: BucketObject) -> Bool {
        var status = stat()
        return stat("\(folder)/\(name(object))", &status) == 0 && status.st_size == object.size
    }

    /// Reads an object; a newer version if there is one by now.
    /// - Returns: the version in the spool; nil if the object is gone, or keeps changing.
    func copy(_ object: BucketObject, from bucket: S3Bucket) throws -> BucketObject? {
        var object = object
        for _ in 1...3 {
            let part = "\(folder)/\(name(object))\(Self.partEnding)"
            let descriptor = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw failure(part) }
            defer { close(descriptor) }
            let reading = try bucket.read(object) { piece in
                try piece.withUnsafeBytes { bytes in
                    var rest = bytes[...]
                    while !rest.isEmpty {
                        let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                        guard count > 0 || errno == EINTR else { throw failure(part) }
                        rest = rest.dropFirst(max(0, count))
                    }
                }
            }
            guard case .whole(let found) = reading else {
                unlink(part)
                guard let now = try bucket.head(object.key) else { return nil }
                object = now
                object.headers = []
                continue
            }
            let path = "\(folder)/\(name(object))"
            try OutputFile.write(
                Array(HeaderLines.text(found.headers).utf8), to: path + Self.headersEnding, links: .refuse)
            guard fsync(descriptor) == 0, rename(part, path) == 0 else { throw failure(path) }
            return object
        }
        return nil
    }

    /// Streams the copy of an object.
    /// - Returns: its header fields; nil if it is not in the spool.
    func read(_ object: BucketObject, _ sink: (RawSpan) throws -> Void) throws -> String? {
        guard holds(object) else { return nil }
        let path = "\(folder)/\(name(object))"
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 else { throw failure(path) }
            if count == 0 { break }
            try sink(buffer.span.bytes.extracting(first: count))
        }
        let headers = FileManager.default.contents(atPath: path + Self.headersEnding) ?? Data()
        return String(decoding: headers, as: UTF8.self)
    }

    /// Removes the copy of an object.
    func remove(_ object: BucketObject) {
        let path = "\(folder)/\(name(object))"
        unlink(path)
        unlink(path + Self.headersEnding)
    }

    /// Removes all other files.
    func keep(only objects: [BucketObject]) throws {
        let names = Set(objects.map(name))
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let name = file.hasSuffix(Self.headersEnding) ? String(file.dropLast(Self.headersEnding.count)) : file
            if !names.contains(name) { unlink("\(folder)/\(file)") }
        }
    }

    private func failure(_ path: String) -> ComponentError {
        let code = errno
        return ComponentError(
            code == ENOSPC ? .noSpace : .other, operation: "write '\(path)'", FileFailure.text(code: code),
            hint: "check `state:` in dr.yaml")
    }
}
