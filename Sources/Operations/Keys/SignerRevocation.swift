package import BackupRepository
import Cryptography
import Documents
import FoundationEssentials
import Platform
import StackConfiguration

/// The revocation of a signer in `dr.yaml`: documents that its key signs after this time do not count.
package struct SignerRevocation {
    let session: Session
    private let before: String
    private var edit: YAMLEdit
    private let fingerprint: Digest
    private let at: Timestamp

    private static let place = ["store", "signing", "trust"]

    /// - Parameters:
    ///   - fingerprint: the SHA-256 of the signer's certificate, or the start of it.
    ///   - at: the time from which others may have the key.
    /// - Returns: nil if no signer of `dr.yaml` has it.
    /// - Throws: `UsageError` if this machine signs with the key.
    package init?(of fingerprint: String, at: Timestamp, session: Session) throws {
        guard let signing = session.configuration.store.signing else { return nil }
        let digits = fingerprint.lowercased().filter { $0 != ":" }
        let own = try signing.certificate.map { try X509Certificate.load($0) } ?? []
        let listed = try signing.trust.map { entry in
            try entry.certificate.map { try X509Certificate.load($0)[0].fingerprint }
                ?? entry.fingerprint.flatMap(Digest.init(hex:))
        }
        let known = Set(own.map(\.fingerprint) + listed.compactMap(\.self)).filter { $0.hex.hasPrefix(digits) }
        guard digits.count >= 8, let found = known.first, known.count == 1 else { return nil }
        if signing.key != nil, own.first?.fingerprint == found {
            throw UsageError(
                "this machine signs with this key, so its next backups would not count",
                hint:
                    "`dr key create --signing` makes another one; name it under `signing: certificate:` and this one under `signing: trust:`, then revoke this one"
            )
        }
        self.session = session
        self.at = at
        self.fingerprint = found
        before = String(decoding: try Data(contentsOf: URL(filePath: session.file)), as: UTF8.self)
        edit = YAMLEdit(before, file: session.file)
        guard let index = listed.firstIndex(of: found) else {
            let entry = "{fingerprint: \(found.hex), revoked: \"\(at.rfc3339)\"}"
            try edit.add(source: entry, toListAt: Self.place)
            return
        }
        if let known = signing.trust[index].revoked {
            guard at >= known else {
                throw UsageError(
                    "the signer is revoked since \(known.readable)",
                    hint: "to revoke it from an earlier time, change `revoked:` in \(session.file)")
            }
            return
        }
        try edit.add(key: "revoked", source: "\"\(at.rfc3339)\"", toItemAt: index, ofListAt: Self.place)
    }

    /// Verifies the new text, and writes it unless it is only a preview. Blocks.
    package func apply(isDryRun: Bool) throws -> Result {
        let folder = URL(filePath: session.file).absoluteURL.deletingLastPathComponent().standardizedFileURL.path
        let new = try ConfigurationFile.parse(edit.text, file: session.file, folder: folder, kinds: session.kinds)
        let entry = try new.store.signing?.signers().first { $0.fingerprint == fingerprint }
        guard edit.differsOnly(at: Self.place), entry?.revoked != nil else {
            throw DocumentError(
                file: session.file, "dr cannot change 'trust' here without touching other settings",
                hint: "edit the file by hand")
        }
        if !isDryRun, edit.text != before {
            try OutputFile.write(Array(edit.text.utf8), to: session.file, links: .follow)
        }
        return Result(
            file: session.file, dryRun: isDryRun, fingerprint: fingerprint.hex, revoked: entry?.revoked ?? at,
            changes: RecipientChange.changes(from: before, to: edit.text))
    }

    package struct Result: Encodable {
        package var file: String
        package var dryRun: Bool
        /// The SHA-256 of the signer's certificate.
        package var fingerprint: String
        package var revoked: Timestamp
        /// The changed lines of the file.
        package var changes: [String]
    }
}

extension SignerRevocation.Result {
    package var text: String {
        guard !changes.isEmpty else { return "\(file) is unchanged: the signer is revoked since \(revoked.readable)" }
        let lines = ["\(dryRun ? "would change" : "changed") \(file):"] + changes.map { "  \($0)" }
        return lines.joined(separator: "\n") + "\n"
            + "Documents that this key signs from \(revoked.readable) on do not count. Older sets count where a set of "
            + "another signer proves them: back up with the other key now."
    }
}
