internal import Cryptography
internal import HTTP
package import ObjectStorage

extension S3Store {
    package func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload {
        try Task.checkCancellation()
        return S3Upload(to: self, key, options: options)
    }
}

/// An object that is being uploaded to a bucket: one PutObject if it fits into a part, else a multipart upload that
/// sends full parts while the next one fills.
final class S3Upload: ObjectUpload {
    private let store: S3Store
    private let key: ObjectKey
    private let options: PutOptions
    private var filling: PartBuffer?
    private var multipart: MultipartUpload?
    private var isOver = false

    init(to store: S3Store, _ key: ObjectKey, options: PutOptions) {
        self.store = store
        self.key = key
        self.options = options
    }

    deinit { cancel() }

    func write(_ bytes: RawSpan) throws {
        try Task.checkCancellation()
        try guarded {
            try bytes.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let buffer = try buffer()
                    rest = rest.dropFirst(buffer.append(UnsafeRawBufferPointer(rebasing: rest)))
                }
            }
        }
    }

    func finish() throws -> ObjectInfo {
        try Task.checkCancellation()
        let info = try guarded {
            guard let multipart else { return try finishAtOnce() }
            try sendFilling(multipart)
            return try multipart.complete()
        }
        isOver = true
        return info
    }

    func cancel() {
        guard !isOver else { return }
        isOver = true
        if let buffer = filling { store.budget.release(buffer) }
        filling = nil
        multipart?.abort()
    }

    /// Runs `body`; a failure ends the upload.
    private func guarded<Value>(_ body: () throws -> Value) throws -> Value {
        guard !isOver else {
            throw ObjectStoreError(.other, operation: "put", key: key, "this upload has ended", store: store.location)
        }
        do {
            return try store.attempt("put", of: key, body)
        } catch {
            cancel()
            throw error
        }
    }

    /// Returns a buffer with room. A full one is sent only when more bytes follow: an object of exactly one part needs
    /// no multipart upload.
    private func buffer() throws -> PartBuffer {
        if let filling, !filling.isFull { return filling }
        if filling != nil {
            let multipart = try multipart ?? MultipartUpload(to: store, key, options: options)
            self.multipart = multipart
            try sendFilling(multipart)
        }
        let buffer = try store.budget.take(store.configuration.partSize, isFirst: { multipart?.isIdle ?? true })
        filling = buffer
        return buffer
    }

    private func sendFilling(_ multipart: MultipartUpload) throws {
        guard let buffer = filling else { return }
        filling = nil  // the multipart upload releases it
        try multipart.send(buffer)
    }

    private func finishAtOnce() throws -> ObjectInfo {
        guard let buffer = filling else { return try store.put(key, [], options: options) }
        defer {
            store.budget.release(buffer)
            filling = nil
        }
        let isHashed = store.client.signsPayloads || store.checksums(options)
        return try store.put(key, S3Payload(buffer, isHashed: isHashed), options: options)
    }
}

extension S3Payload {
    init(_ buffer: PartBuffer, isHashed: Bool) {
        hash = isHashed ? Digest(bytes: SHA256.hash(buffer.bytes.bytes)) : nil
        body = HTTPBody(length: buffer.count) {
            var position = 0
            return { space in
                let piece = buffer.bytes[position...].prefix(space.count)
                space.copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
                position += piece.count
                return piece.count
            }
        }
    }
}
