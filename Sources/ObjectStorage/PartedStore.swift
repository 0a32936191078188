/// A store that keeps the parts of unfinished uploads, hidden and at a cost, until a program aborts the uploads.
package protocol PartedStore: ObjectStore {
    /// Calls `body` for each upload under the store's prefix that is neither finished nor aborted.
    func unfinishedUploads(_ body: (UnfinishedUpload) throws -> Void) throws

    /// Removes the parts of an upload; an upload that is already gone is not an error.
    func abort(_ upload: UnfinishedUpload) throws
}

package struct UnfinishedUpload: Hashable, Sendable {
    package var key: ObjectKey
    /// The store's identity of the upload.
    package var id: String
    /// Seconds since 1970, by the store's clock.
    package var begun: Int

    package init(key: ObjectKey, id: String, begun: Int) {
        self.key = key
        self.id = id
        self.begun = begun
    }
}
