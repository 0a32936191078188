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
