/// A key that opens envelopes addressed to it.
package protocol EnvelopeKey: Sendable {
    /// Decrypts the content key within `envelope`, a `CMS_ContentInfo`.
    /// - Throws: `CMSError` with `.wrongKey` if the envelope is not addressed to the key; `.authentication` if it is, and
    ///   the content key does not decrypt.
    func unwrapContentKey(of envelope: OpaquePointer) throws(CMSError)
}
