/// The place of a store that could not be opened: every call fails with the reason.
package struct ClosedStore: ObjectStore {
    package let location: String
    private let error: ObjectStoreError

    package init(_ location: String, because error: ObjectStoreError) {
        self.location = location
        self.error = error
    }

    package func put(_ key: ObjectKey, _ content: [UInt8], options: PutOptions) throws -> ObjectInfo { throw error }
    package func upload(_ key: ObjectKey, _ options: PutOptions) throws -> any ObjectUpload { throw error }
    package func get(_ key: ObjectKey, range: Range<Int>?, _ sink: (RawSpan) throws -> Void) throws { throw error }
    package func head(_ key: ObjectKey) throws -> ObjectInfo? { throw error }
    package func list(
        prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction
    ) throws { throw error }
    package func delete(_ keys: [ObjectKey]) throws -> [ObjectStoreError] { throw error }
}
