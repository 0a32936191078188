internal import Cryptography
internal import Dispatch
internal import HTTP
internal import Logging
internal import ObjectStorage
internal import Synchronization

/// A multipart upload that exists on the server. The shared transfer threads send its parts, a few at a time.
final class MultipartUpload {
    private let store: S3Store
    private let key: ObjectKey
    private let options: PutOptions
    private let writeID: String
    private let destination: Destination
    private let parts = Parts()
    private var tasks: [Task<Void, Never>] = []
    private var number = 0
    private var size = 0

    private static let mostParts = 10_000

    /// The data that one part needs of the upload that it belongs to.
    private struct Destination: Sendable {
        let store: S3Store
        let fullKey: String
        let uploadID: String
        let options: PutOptions

        /// UploadPart.
        func send(_ payload: S3Payload, as number: Int) throws -> Part {
            let request = S3Request(
                "PUT", fullKey, query: [("partNumber", "\(number)"), ("uploadId", uploadID)],
                headers: store.checksum(payload, options), payload: payload)
            let (response, _) = try store.client.send(request)
            return Part(
                number: number, size: payload.body?.length ?? 0, tag: response.headers["etag"] ?? "",
                hash: payload.hash, checksum: store.checksums(options) ? payload.hash?.base64 : nil)
        }
    }

    struct Part: Sendable {
        var number: Int
        var size: Int
        var tag: String
        /// nil unless the part was hashed.
        var hash: Digest?
        /// Base64, where checksums are sent.
        var checksum: String?
    }

    /// Shared with the threads that send.
    private final class Parts: Sendable {
        struct State {
            var sent: [Part] = []
            var onTheWay = 0
            var failure: (any Error)?
        }
        let state = Mutex(State())
        let changed = DispatchSemaphore(value: 0)

        /// Sends one part that is already counted as in flight.
        func run(_ send: () throws -> Part) {
            do {
                let part = try send()
                state.withLock { state in
                    state.onTheWay -= 1
                    state.sent.append(part)
                }
            } catch {
                state.withLock { state in
                    state.onTheWay -= 1
                    state.failure = state.failure ?? error
                }
            }
            changed.signal()
        }

        /// Blocks until at most `count` parts are in flight.
        /// - Throws: the first part's failure; `CancellationError`, unless `isPatient`.
        func wait(until count: Int, isPatient: Bool = false) throws {
            while true {
                let (onTheWay, failure) = state.withLock { ($0.onTheWay, $0.failure) }
                if !isPatient, let failure { throw failure }
                if onTheWay <= count { return }
                if !isPatient { try Task.checkCancellation() }
                _ = changed.wait(timeout: .now() + .milliseconds(50))
            }
        }
    }

    /// CreateMultipartUpload.
    init(to store: S3Store, _ key: ObjectKey, options: PutOptions) throws {
        self.store = store
        self.key = key
        self.options = options
        writeID = RandomID.make()
        try store.refuseIfTaken(key, options)
        var headers = store.objectHeaders(options, writeID)
        if store.checksums(options) { headers.append(("x-amz-checksum-algorithm", "SHA256")) }
        let request = S3Request("POST", store.fullKey(key), query: [("uploads", "")], headers: headers)
        let (response, document) = try store.client.send(request)
        guard let id = XMLElement.parse(document)?.value("UploadId"), !id.isEmpty else {
            throw S3Failure(response, document)
        }
        destination = Destination(store: store, fullKey: store.fullKey(key), uploadID: id, options: options)
    }

    private var uploadID: String { destination.uploadID }

    /// True if no part is in flight.
    var isIdle: Bool { parts.state.withLock { $0.onTheWay == 0 } }

    /// Hands a part over; blocks while enough others are in flight. Releases the buffer in any case.
    func send(_ buffer: PartBuffer) throws {
        do {
            try parts.wait(until: store.configuration.parallelParts - 1)
            guard number < Self.mostParts else {
                throw ObjectStoreError(
                    .tooLarge, operation: "put", key: key,
                    "more than \(Self.mostParts) parts of \(buffer.capacity) bytes",
                    store: store.location, hint: "raise the store's 'part_size'")
            }
        } catch {
            store.budget.release(buffer)
            throw error
        }
        number += 1
        size += buffer.count
        parts.state.withLock { $0.onTheWay += 1 }
        let isHashed = store.client.signsPayloads || store.checksums(options) || store.needsHashes(options)
        let number = number
        let task = TransferThreads.start { [store, destination, parts] in
            parts.run {
                defer { store.budget.release(buffer) }
                return try destination.send(S3Payload(buffer, isHashed: isHashed), as: number)
            }
        }
        tasks.append(task)
    }

    // MARK: - Completing and aborting

    /// Blocks until all parts that were handed over have arrived.
    /// - Throws: the first part's failure.
    func settle() throws { try parts.wait(until: 0) }

    /// CompleteMultipartUpload, once all parts are there.
    func complete() throws -> ObjectInfo {
        try settle()
        var sent = parts.state.withLock { $0.sent }.sorted { $0.number < $1.number }
        let content = Self.content(of: sent)
        var retries = S3Retries(store.client)
        var isRelisted = false
        var wasSent = false
        while true {
            do {
                let info = try completeOnce(sent)
                try store.refuseIfReplaced(info, by: writeID, options: options) { content }
                return info
            } catch let failure as S3Failure where failure.code == "PreconditionFailed" {
                store.noteConditional(true)
                let content = wasSent || failure.wasRepeated ? content : nil
                guard let info = try store.object(key, writtenBy: writeID, ifHolding: content) else {
                    throw store.taken(key)
                }
                return info
            } catch let failure as S3Failure where failure.code == "NoSuchUpload" {
                // The server completed the upload, and its answer was lost.
                let content = wasSent || failure.wasRepeated ? content : nil
                guard let info = try store.object(key, writtenBy: writeID, ifHolding: content) else { throw failure }
                return info
            } catch let failure as S3Failure where failure.code == "InvalidPart" && !isRelisted {
                // A tag in an answer was wrong; the server's own list has the right ones.
                isRelisted = true
                sent = try confirmed(sent, or: failure)
            } catch let failure as S3Failure where failure.isUnsupported && store.isConditional == nil {
                store.noteConditional(false)
            } catch let failure as S3Failure {
                wasSent = wasSent || failure.transport != nil || failure.status >= 500 || failure.status < 300
                guard try retries.mayGoOn(after: failure) else { throw failure }
            }
        }
    }

    /// nil unless every part was hashed.
    private static func content(of sent: [Part]) -> StoredContent? {
        let parts = sent.compactMap { part in part.hash.map { (size: part.size, hash: $0) } }
        return parts.count == sent.count ? StoredContent(parts: parts) : nil
    }

    private func completeOnce(_ sent: [Part]) throws -> ObjectInfo {
        let list = sent.map { part in
            let checksum = part.checksum.map { "<ChecksumSHA256>\($0)</ChecksumSHA256>" } ?? ""
            return
                "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(XMLElement.escaped(part.tag))</ETag>\(checksum)</Part>"
        }
        let document =
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            + list.joined() + "</CompleteMultipartUpload>"
        var request = S3Request(
            "POST", store.fullKey(key), query: [("uploadId", uploadID)], headers: [("content-type", "application/xml")],
            payload: .text(document), isSlow: true)
        if options.condition == .ifAbsent, store.isConditional != false {
            request.headers.append(("if-none-match", "*"))
        }
        let (response, body) = try store.client.document(request)
        // S3 sends status 200 before it knows the result.
        guard let root = XMLElement.parse(body), root.name == "CompleteMultipartUploadResult" else {
            var failure = S3Failure(response, body)
            if failure.code.hasPrefix("HTTP") { failure.code = "InternalError" }  // cut off or empty: ask again
            throw failure
        }
        var info = ObjectInfo(key, response, size: size)
        info.tag = root.value("ETag") ?? info.tag
        return info
    }

    /// ListParts: the parts in the server's list, if they are the parts that were sent.
    private func confirmed(_ sent: [Part], or failure: S3Failure) throws -> [Part] {
        var listed: [Int: Part] = [:]
        var marker = 0
        while true {
            let query = [(name: "uploadId", value: uploadID), ("part-number-marker", "\(marker)")]
            let (_, document) = try store.client.send(S3Request("GET", store.fullKey(key), query: query))
            guard let root = XMLElement.parse(document) else { throw failure }
            for element in root.all("Part") {
                guard let number = element.value("PartNumber").flatMap({ Int($0) }),
                    let size = element.value("Size").flatMap(ObjectSize.parse), let tag = element.value("ETag")
                else { throw failure }
                listed[number] = Part(number: number, size: size, tag: tag)
            }
            guard root.value("IsTruncated") == "true" else { break }
            // The numbers must rise, or the loop would never end.
            guard let next = root.value("NextPartNumberMarker").flatMap({ Int($0) }), next > marker else {
                throw failure
            }
            marker = next
        }
        return try sent.map { part in
            guard let found = listed[part.number], found.size == part.size else { throw failure }
            return Part(
                number: part.number, size: part.size, tag: found.tag, hash: part.hash, checksum: part.checksum)
        }
    }

    /// AbortMultipartUpload, also when the current task is cancelled. If the server cannot be reached, a later prune
    /// aborts the upload.
    func abort() {
        for task in tasks { task.cancel() }
        // Parts that arrive after the abort would stay and cost money.
        do { try parts.wait(until: 0, isPatient: true) } catch {}
        let isDone = DispatchSemaphore(value: 0)
        _ = TransferThreads.start { [store, key, uploadID] in
            do { try store.abort(store.fullKey(key), uploadID) } catch {
                store.client.logger.debug("multipart upload not aborted", metadata: ["error": "\(error)"])
            }
            isDone.signal()
        }
        _ = isDone.wait(timeout: .now() + .seconds(15))
    }
}
