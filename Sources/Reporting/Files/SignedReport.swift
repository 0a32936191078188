/// The result of `dr report sign`.
package struct SignedReport: Encodable {
    /// The signature.
    package var file: String
    package var signer: String

    package init(file: String, signer: String) {
        self.file = file
        self.signer = signer
    }
}
