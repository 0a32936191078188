/// Small objects on this machine, each for one version of its key.
package protocol KeptObjects: Sendable {
    /// Returns the content of the version that a listing shows; nil if it is not kept.
    func content(of object: ObjectInfo) -> [UInt8]?

    /// Keeps a content for the version that a listing shows. A failure costs a later fetch and is not reported.
    func keep(_ content: [UInt8], of object: ObjectInfo)

    func discard(_ key: ObjectKey)
}
