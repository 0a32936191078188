internal import ObjectStorage

extension ObjectStore {
    /// Reads the object of a document into memory.
    /// - Parameter limit: the longest document of its kind, in bytes.
    /// - Throws: ``RepositoryError`` `.damaged` for a longer object; `ObjectStoreError`.
    func readDocument(_ key: ObjectKey, limit: Int = DocumentLimits.longestDocument) throws -> [UInt8] {
        do {
            return try read(key, limit: limit)
        } catch let error as ObjectStoreError where error.reason == .tooLarge {
            throw RepositoryError.damaged(key.text, "it is longer than \(limit >> 20) MiB, the limit of its kind")
        }
    }

    /// Reads a document and decodes it; reads again while the received data are damaged or truncated.
    ///
    /// Every reader of documents uses it: the shelf of this machine may hold a damaged copy, which must cost time only.
    /// So a refused copy is discarded, and the next read asks the store. A missing signature and a newer format are
    /// rarely damage, so they cost one more read.
    /// - Throws: the last error of `decode`; `RepositoryError` `.damaged` for a longer object; `ObjectStoreError`.
    func readDocument<Value>(
        _ key: ObjectKey, limit: Int = DocumentLimits.longestDocument, decode: ([UInt8]) throws -> Value
    ) throws -> Value {
        var attempt = 0
        while true {
            attempt += 1
            do {
                return try decode(try readDocument(key, limit: limit))
            } catch let error as RepositoryError
                where [.damaged, .untrusted, .newerVersion].contains(error.reason)
            {
                discard(key)
                guard attempt < (error.reason == .damaged ? Retries.ofDamagedReads : 2) else { throw error }
            } catch let error as ObjectStoreError
                where error.reason == .truncated && attempt < Retries.ofDamagedReads
            {
                continue
            }
        }
    }

    /// Lists the keys of a kind of document.
    /// - Throws: ``RepositoryError`` `.damaged` for more objects than the limit; `ObjectStoreError`.
    func listDocuments(prefix: String, _ body: (ObjectInfo) throws -> Void) throws {
        var count = 0
        try list(prefix: prefix, after: nil) { object in
            count += 1
            guard count <= DocumentLimits.mostListed else {
                throw RepositoryError.damaged(prefix, "it has more than \(DocumentLimits.mostListed) objects")
            }
            try body(object)
            return .proceed
        }
    }
}
