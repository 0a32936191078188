package import BackupRepository
import Cryptography
import Documents
import FoundationEssentials
import Platform
import StackConfiguration

/// A change of the recipients in `dr.yaml`: new packs are encrypted for the new ones from the next backup on.
package struct RecipientChange {
    let session: Session
    private var edit: YAMLEdit
    private let before: String
    private var added: [RecoveryCertificate] = []
    private var dropped: [RecoveryCertificate] = []
    private var current: [(file: String, certificates: [RecoveryCertificate])]
    /// Drops a recipient although no other one can open the newest set.
    package var isForced = false

    /// - Throws: `DocumentError`, `CMSError` if `dr.yaml` or a certificate in it cannot be read.
    package init(session: Session) throws {
        self.session = session
        guard let text = String(data: try Data(contentsOf: URL(filePath: session.file)), encoding: .utf8) else {
            throw DocumentError(file: session.file, "is not text in UTF-8")
        }
        before = text
        edit = YAMLEdit(text, file: session.file)
        current = try session.configuration.store.recipients.map { ($0, try RecoveryCertificate.load($0)) }
    }

    private static let place = ["store", "recipients"]

    /// - Parameter file: a PEM file of certificates, as the operator typed it.
    /// - Throws: `CMSError` if a certificate in it cannot be used or has expired.
    package mutating func add(_ file: String) throws {
        let certificates = try RecoveryCertificate.load(file)
        for certificate in certificates { try certificate.checkValidity(at: session.clock.now) }
        let known = Set(current.flatMap(\.certificates).map(\.fingerprint))
        guard !certificates.allSatisfy({ known.contains($0.fingerprint) }) else { return }
        try edit.add(path(of: file), toListAt: Self.place)
        current.insert((file, certificates), at: 0)
        added += certificates
    }

    /// - Parameter fingerprint: the SHA-256 of a recipient's certificate, or the start of it.
    /// - Throws: `UsageError` if it names no recipient or several, or the only one.
    package mutating func drop(_ fingerprint: String) throws {
        let digits = fingerprint.lowercased().filter { $0 != ":" }
        let found = current.indices.filter { index in
            current[index].certificates.contains { $0.fingerprint.hex.hasPrefix(digits) }
        }
        guard digits.count >= 8, let index = found.first, found.count == 1 else {
            throw UsageError(
                "'\(fingerprint)' is not the fingerprint of \(found.count > 1 ? "one recipient only" : "a recipient")",
                hint: "`dr key show` lists the recipients; 8 digits or more that name one of them")
        }
        guard current[index].certificates.count == 1 else {
            throw UsageError(
                "'\(current[index].file)' holds several certificates", hint: "remove the certificate from that file")
        }
        guard current.count > 1 else {
            throw UsageError(
                "this is the only recipient: without it, backups are not encrypted",
                hint: "add another one first: `dr key rotate --recipient CERTIFICATE`")
        }
        try edit.remove(itemAt: index, ofListAt: Self.place)
        dropped += current.remove(at: index).certificates
    }

    package var isEmpty: Bool { added.isEmpty && dropped.isEmpty }

    /// Verifies the new text, and writes it unless it is only a preview. Blocks.
    /// - Parameter repository: nil if it cannot be opened now.
    /// - Throws: `UsageError` if no remaining recipient could open the whole newest set, unless ``isForced``.
    package func apply(isDryRun: Bool, in repository: Repository?) throws -> Result {
        let folder = URL(filePath: session.file).absoluteURL.deletingLastPathComponent().standardizedFileURL.path
        let new = try ConfigurationFile.parse(edit.text, file: session.file, folder: folder, kinds: session.kinds)
        let fingerprints = try new.store.recipients.flatMap { try RecoveryCertificate.load($0) }.map(\.fingerprint)
        guard edit.differsOnly(at: Self.place), fingerprints == current.flatMap(\.certificates).map(\.fingerprint)
        else {
            throw DocumentError(
                file: session.file, "dr cannot change 'recipients' here without touching other settings",
                hint: "edit the file by hand")
        }
        if !dropped.isEmpty, !isForced { try repository.map { try refuseLoss(in: $0, keeping: Set(fingerprints)) } }
        if !isDryRun, edit.text != before {
            try OutputFile.write(Array(edit.text.utf8), to: session.file, links: .follow)
        }
        let sets = try repository.map { try SetsOfKeys($0, added: added, dropped: dropped) }
        return Result(
            file: session.file, dryRun: isDryRun, added: added.map(\.fingerprint.hex),
            dropped: dropped.map(\.fingerprint.hex), recipients: fingerprints.map(\.hex), changes: changes,
            setsWithoutNew: sets?.withoutNew.sorted(), setsWithDropped: sets?.withDropped.sorted())
    }

    /// The packs of the newest set may be older than the remaining recipients. A recovery from nothing has one key, so one
    /// key must open all of it.
    private func refuseLoss(in repository: Repository, keeping fingerprints: Set<Digest>) throws {
        guard let newest = try repository.newestReadableSet(where: repository.scope.owns),
            let recipients = newest.recipients,
            !recipients.contains(where: { Digest(hex: $0).map(fingerprints.contains) ?? false })
        else { return }
        throw UsageError(
            "no remaining recipient could open the newest backup set, \(newest.name): it rests on packs that are older",
            hint:
                "copy the backups for the new recipient first: `dr rekey --to URL`; --force removes the old one all the same"
        )
    }

    /// Returns the path as `dr.yaml` should have it: relative to its folder where it is below that.
    private func path(of file: String) -> String {
        let folder = URL(filePath: session.file).absoluteURL.deletingLastPathComponent().standardizedFileURL.path
        let full = URL(filePath: file).absoluteURL.standardizedFileURL.path
        return full.hasPrefix("\(folder)/") ? String(full.dropFirst(folder.count + 1)) : full
    }

    private var changes: [String] { Self.changes(from: before, to: edit.text) }

    /// Returns the changed lines, old ones after `-` and new ones after `+`.
    static func changes(from before: String, to after: String) -> [String] {
        let old = before.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let new = after.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return new.difference(from: old).map { change in
            switch change {
            case .remove(_, let line, _): "-\(line)"
            case .insert(_, let line, _): "+\(line)"
            }
        }
    }

    package struct Result: Encodable {
        package var file: String
        package var dryRun: Bool
        /// The SHA-256 fingerprints of the certificates.
        package var added: [String]
        package var dropped: [String]
        /// All recipients after the change.
        package var recipients: [String]
        /// The changed lines of the file.
        package var changes: [String]
        /// The sets that a new key cannot open. Nil if the repository could not be read.
        package var setsWithoutNew: [Timestamp]?
        /// The sets that a dropped key can still open.
        package var setsWithDropped: [Timestamp]?
    }
}

/// The sets that keys can and cannot open, by the recipients that the sets record.
private struct SetsOfKeys {
    var withoutNew: [Timestamp] = []
    var withDropped: [Timestamp] = []

    init(_ repository: Repository, added: [RecoveryCertificate], dropped: [RecoveryCertificate]) throws {
        let new = Set(added.map(\.fingerprint.hex)), old = Set(dropped.map(\.fingerprint.hex))
        for name in try repository.setNames() {
            try Task.checkCancellation()
            guard let set = try? repository.set(name) else { continue }
            // A set that records no recipients may rest on packs that are not encrypted, or encrypted for any key.
            let recipients = set.recipients.map { Set($0) }
            if !new.isEmpty, recipients.map({ !new.isSubset(of: $0) }) ?? true { withoutNew.append(name) }
            if !old.isEmpty, recipients.map({ !old.isDisjoint(with: $0) }) ?? true { withDropped.append(name) }
        }
    }
}

extension RecipientChange.Result {
    package var text: String {
        guard !changes.isEmpty else { return "\(file) is unchanged: the recipient is listed already" }
        var lines = ["\(dryRun ? "would change" : "changed") \(file):"] + changes.map { "  \($0)" }
        lines.append("The next backup encrypts new data for \(Units.count(recipients.count, "recipient")).")
        if let sets = setsWithoutNew, let newest = sets.last {
            lines.append(
                "The new key does not open \(Units.count(sets.count, "existing backup set")), up to \(newest): keep the old keys for them, or copy them with `dr rekey`."
            )
        }
        if let sets = setsWithDropped, let newest = sets.last {
            lines.append(
                "The dropped key still opens \(Units.count(sets.count, "backup set")), up to \(newest), and newer sets rest on the same packs: keep it, and keep it secret, until `dr rekey` has copied the sets."
            )
        }
        return lines.joined(separator: "\n")
    }
}
