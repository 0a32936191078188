/// The result of `dr report sign`.
package struct SignedReport: Encodable {
    /// The signature.
    package var file: String
    package var signer: String
    /// The in-toto statement in its envelope.
    package var attestation: String

    package init(file: String, attestation: String, signer: String) {
        self.file = file
        self.attestation = attestation
        self.signer = signer
    }
}

/// The result of `dr report stamp`.
package struct StampedReport: Encodable {
    /// The stamp.
    package var file: String
    package var time: String
    package var authority: String
    package var deviation: String?

    package init(file: String, stamp: ReportStamp?) {
        self.file = file
        time = stamp?.time ?? ""
        authority = stamp?.authority ?? ""
        deviation = stamp?.deviation
    }

    package var text: String {
        "wrote \(file), stamped \(time) by \(authority)" + (deviation.map { "\ndeviation: \($0)" } ?? "")
    }
}
