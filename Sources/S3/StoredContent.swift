internal import Cryptography
internal import HTTP
internal import ObjectStorage
internal import Platform

/// The content of a write, used to recognise the object on a server without metadata: the parts in order, each with its
/// size and hash.
struct StoredContent: Sendable {
    var parts: [(size: Int, hash: Digest)]

    /// Reads and hashes the payload if it has no hash yet.
    init(_ payload: S3Payload) throws {
        let size = payload.body?.length ?? 0
        parts = [(size, try payload.hash ?? Self.hash(payload.body))]
    }

    init(parts: [(size: Int, hash: Digest)]) { self.parts = parts }

    var size: Int { parts.lazy.map(\.size).clampedSum() }

    private static func hash(_ body: HTTPBody?) throws -> Digest {
        guard let body else { return Digest(of: []) }
        var hasher = SHA256()
        let reader = try body.open()
        var space = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = try space.withUnsafeMutableBytes { try reader($0) }
            guard count > 0 else { return Digest(bytes: hasher.finalize()) }
            hasher.update(space.span.bytes.extracting(0..<count))
        }
    }
}

extension S3Store {
    /// Reads an object and compares its content.
    func holds(_ content: StoredContent, under key: ObjectKey) throws -> Bool {
        var offset = 0
        for part in content.parts where part.size > 0 {
            var hasher = SHA256()
            var reading = S3Reading(key, range: offset..<offset + part.size, in: self)
            try reading.run { hasher.update($0) }
            guard Digest(bytes: hasher.finalize()) == part.hash else { return false }
            offset += part.size
        }
        return true
    }
}
