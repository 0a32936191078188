/// A store in which uploads that were never finished stay, unseen and paid for, until somebody aborts them.
package protocol PartedStore: ObjectStore {
    /// Calls `body` for each upload under the store's prefix that is neither finished nor aborted.
    func unfinishedUploads(_ body: (UnfinishedUpload) throws -> Void) throws

    /// Removes the parts of an upload; one that is gone already is no error.
    func abort(_ upload: UnfinishedUpload) throws
}

package struct UnfinishedUpload: Hashable, Sendable {
    package var key: ObjectKey
    /// The store's word for it.
    package var id: String
    /// Seconds since 1970, by the store's clock.
    package var begun: Int

    package init(key: ObjectKey, id: String, begun: Int) {
        self.key = key
        self.id = id
        self.begun = begun
    }
}
