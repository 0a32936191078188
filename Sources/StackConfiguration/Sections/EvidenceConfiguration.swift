package import Documents

/// The settings of evidence: the time stamp authority, and the facts for auditors that only an operator knows.
package struct EvidenceConfiguration: Equatable, Sendable {
    /// Nil for reports without a time stamp.
    package var timestamp: TimeStampConfiguration?
    /// The role or person that owns the RTO and the RPO.
    package var objectiveOwner: String?
    /// The criticality of the function that the stack supports, in the words of the organisation.
    package var criticality: String?
    /// The roles or persons that take part in tests.
    package var participants: [String] = []
    /// The physical separation of the hosts that drill from those that make backups.
    package var separation: String?
    /// The copy of the backups that is off the network.
    package var offNetworkCopy: String?

    package init() {}
}

extension EvidenceConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "timestamp", \.timestamp, as: .section(),
            about: "Time stamp authority (RFC 3161) for the reports of drills and for `dr report stamp`."),
        Key("objective_owner", \.objectiveOwner, as: .text, about: "Role that owns the objectives rto and rpo."),
        Key("criticality", \.criticality, as: .text, about: "Criticality of the stack, in the words of your policy."),
        Key("participants", \.participants, as: .list(of: .text), about: "Roles that take part in tests."),
        Key(
            "separation", \.separation, as: .text,
            about: "Physical separation of the hosts that drill from the hosts that make backups, which dr cannot see."),
        Key(
            "off_network_copy", \.offNetworkCopy, as: .text,
            about: "The copy of the backups that is off the network, which dr cannot see."),
    ]
}

/// A time stamp authority.
package struct TimeStampConfiguration: Equatable, Sendable {
    package var url = ""
    /// The absolute path of PEM certificates: those of the authority, or of the issuers of its certificate.
    package var ca = ""
    package var timeout = Period.seconds(10)

    package init() {}
}

extension TimeStampConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key("url", \.url, as: .httpURL, required: true, about: "URL of the authority."),
        Key(
            "ca", \.ca, as: .path, required: true,
            about: "PEM certificates: of the authority, or of the issuer of its certificate."),
        Key("timeout", \.timeout, as: .period, about: "Longest wait for an answer. Default: 10s."),
    ]
}
