package import BackupRepository
package import Documents
internal import FoundationEssentials
internal import Platform

/// The key that signs sets, and the signers that readers trust. Paths are absolute paths of PEM files.
package struct Signing: Equatable, Sendable {
    /// Nil if ``trust`` names all signers.
    package var certificate: String?
    /// Nil if sets are only read.
    package var key: String?
    /// The passphrase of the key; nil to take it from DR_SIGNING_PASSPHRASE or from the terminal.
    package var passphrase: Secret?
    /// Signers with limits; a certificate here and in ``certificate`` has the limits.
    package var trust: [SignerConfiguration] = []

    package init() {}
}

extension Signing: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "certificate", \.certificate, as: .path,
            about: "PEM certificates that are trusted for every role; the first one belongs to the key."),
        Key(
            "key", \.key, as: .path,
            about: "PEM private key of the first certificate, for signing. Not needed to restore."),
        Key(
            "passphrase", \.passphrase, as: .secret,
            about: "Passphrase of the key. Default: DR_SIGNING_PASSPHRASE, else dr asks at the terminal."),
        Key(
            "trust", \.trust, as: .list(of: .section()),
            about: "Signers that are trusted for some roles or times only, and revoked signers."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if certificate == nil, trust.isEmpty {
            reader.complain(written["certificate"], "required key 'certificate' is missing")
        } else if certificate == nil, key != nil {
            reader.complain(written["key"], "'key' needs 'certificate', which belongs to it")
        }
        let named = trust.compactMap(\.fingerprint)
        if Set(named).count < named.count {
            reader.complain(written["trust"], "'trust' has two entries for one fingerprint")
        }
    }
}

/// A trusted signer, and the documents and times for which it is trusted.
package struct SignerConfiguration: Equatable, Sendable {
    /// A PEM file with one certificate.
    package var certificate: String?
    /// The SHA-256 of a certificate: 64 lower-case hexadecimal digits.
    package var fingerprint: String?
    package var roles = SignerRole.allCases
    package var from: Timestamp?
    package var until: Timestamp?
    package var revoked: Timestamp?

    package init() {}
}

extension SignerConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key("certificate", \.certificate, as: .path, about: "PEM certificate of the signer."),
        Key(
            "fingerprint", \.fingerprint, as: .fingerprint,
            about: "SHA-256 fingerprint of the signer's certificate, in place of the certificate."),
        Key(
            "roles", \.roles, as: .list(of: .word()),
            about: "What it may sign: backup (sets), prune (removals), operator (pins and drops), verify "
                + "(results of verifications and drills only). Default: all."),
        Key("from", \.from, as: .time, about: "Time of the first document that counts: RFC 3339, or a date (UTC)."),
        Key("until", \.until, as: .time, about: "Time of the last document that counts: RFC 3339, or a date (UTC)."),
        Key(
            "revoked", \.revoked, as: .time,
            about:
                "Time from which others may have the key: later documents do not count, older sets must be proved by the sets of another signer."
        ),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if (certificate == nil) == (fingerprint == nil) {
            reader.complain(
                written["certificate"],
                "a signer needs either 'certificate' or 'fingerprint'")
        }
        if let from, let until, until < from { reader.complain(written["until"], "'until' is before 'from'") }
    }
}

extension Shape where Value == String {
    /// A SHA-256 fingerprint as `openssl x509 -fingerprint -sha256` prints it, with or without colons.
    fileprivate static let fingerprint = Shape(schema: ["type": "string", "pattern": "^[0-9A-Fa-f:]{64,95}$"]) {
        node, reader in
        guard let text = text.read(node, &reader) else { return nil }
        let digits = text.lowercased().filter { $0 != ":" }
        guard digits.utf8.count == 64, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            reader.complain(
                node, "'\(text)' is not a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons")
            return nil
        }
        return digits
    }
}

extension Shape where Value == Timestamp {
    /// A time in RFC 3339, or a day, whose first second it means.
    fileprivate static let time = Shape(
        schema: ["type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:]{8}(Z|[+-][0-9]{2}:[0-9]{2}))?$"]
    ) { node, reader in
        let text = node.scalar?.string ?? ""
        let isDay = text.wholeMatch(of: /\d{4}-\d{2}-\d{2}/) != nil
        let day = Timestamp("\(text.prefix(10).replacing("-", with: ""))T000000Z")
        guard day != nil, let date = try? Date(isDay ? "\(text)T00:00:00Z" : text, strategy: .iso8601) else {
            reader.complain(node, "expected a time such as 2026-12-01T00:00:00Z, found \(node.kindForPeople)")
            return nil
        }
        return Timestamp(seconds: Int(clamping: date.timeIntervalSince1970.rounded(.down)))
    }
}
