package import BackupRepository
import Cryptography
import FoundationEssentials
import Platform
import Printing
import StackConfiguration

/// The page that a recovery from nothing starts from: what to open the backups with, where they are, and the steps.
package struct RecoveryKit {
    /// A certificate by its name and fingerprint.
    struct Party {
        var subject: String
        var fingerprint: String
    }

    /// The private key, as its file has it.
    struct Key {
        var subject: String
        var fingerprint: String
        var kind: String
        var hasPassphrase: Bool
        /// PEM.
        var lines: [String]
        /// The contents of the QR codes.
        var codes: [String]
    }

    var made: Timestamp
    var stack: String
    /// The address of the store, as `--store` takes it.
    var store: String
    var region: String?
    var endpoint: String?
    var repository: String
    var set: Timestamp
    var setNumber: Int?
    var setDigest: String
    var recipients: [Party]
    var signers: [Party]
    /// Nil for a kit without the private key.
    var key: Key?

    /// Reads the newest set. Blocks.
    /// - Parameters:
    ///   - repository: opened with the recovery key, or without a key for a kit without it.
    ///   - keyFile: nil for a kit without the private key.
    /// - Throws: `UsageError` if the key belongs to no recipient of the newest set.
    package init(session: Session, repository: Repository, set newest: BackupSet, keyFile: String?) throws {
        let store = session.configuration.store
        made = session.now()
        stack = newest.stack ?? session.configuration.stack
        self.store = "\(store.url)"
        (region, endpoint) = (store.region, store.endpoint)
        self.repository = repository.description.id
        set = newest.name
        setNumber = newest.number
        setDigest = try repository.digest(ofSet: newest.name).hex
        recipients = repository.encryption.recipients.map {
            Party(subject: $0.subject, fingerprint: $0.fingerprint.hex)
        }
        signers = Self.signers(repository.signing)
        guard let keyFile, let key = repository.encryption.key else { return }
        guard let own = key.certificate else {
            throw UsageError(
                "the key '\(keyFile)' belongs to none of the recipients in dr.yaml",
                hint: "`dr key show \(keyFile)` shows its fingerprint")
        }
        let pem = try String(contentsOfFile: keyFile, encoding: .utf8)
        self.key = Key(
            subject: own.subject, fingerprint: own.fingerprint.hex, kind: key.algorithm.description,
            hasPassphrase: pem.contains("ENCRYPTED"), lines: KitCodes.lines(ofPEM: pem),
            codes: KitCodes.texts(ofPEM: pem))
    }

    /// The signers whose next documents count.
    private static func signers(_ signing: SetSigning) -> [Party] {
        let revoked = Set(signing.signers.filter { $0.revoked != nil }.map(\.fingerprint))
        let named = signing.trusted.filter { !revoked.contains($0.fingerprint) }
        let known = Set(named.map(\.fingerprint))
        let others = signing.signers.filter { $0.revoked == nil && !known.contains($0.fingerprint) }
        return named.map { Party(subject: $0.subject, fingerprint: $0.fingerprint.hex) }
            + others.map { Party(subject: "of the configuration", fingerprint: $0.fingerprint.hex) }
    }

    // MARK: Text

    struct Fact {
        var name: String
        var value: String
    }

    var facts: [Fact] {
        var facts = [
            Fact(name: "Stack", value: stack), Fact(name: "Store", value: store),
            Fact(name: "Repository id", value: repository),
            Fact(name: "Newest backup set", value: setNumber.map { "\(set), number \($0)" } ?? "\(set)"),
            Fact(name: "SHA-256 of that set", value: setDigest),
        ]
        if let region { facts.insert(Fact(name: "Region", value: region), at: 2) }
        if let endpoint { facts.insert(Fact(name: "Endpoint", value: endpoint), at: 2) }
        facts += recipients.map { Fact(name: "Recipient \($0.subject)", value: $0.fingerprint) }
        facts += signers.map { Fact(name: "Signer \($0.subject)", value: $0.fingerprint) }
        return facts
    }

    var title: String { "Recovery kit: \(stack)" }

    /// The sentence about who may read the page.
    var caution: String {
        guard let key else {
            return "This kit does not contain the private key. Without the key no backup can be read."
        }
        return key.hasPassphrase
            ? "This page and the passphrase of the key open every backup. Keep them in two places."
            : "Anyone with this page can read every backup: the key has no passphrase. Lock it away."
    }

    /// The steps of docs/recover-from-nothing.md with the values of this repository.
    struct Step {
        var title: String
        var text: String
        var commands: [String]
    }

    var steps: [Step] {
        let trust = signers.map { "--trust \($0.fingerprint)" }.joined(separator: " ")
        let source = (["--store", quoted(store)] + (trust.isEmpty ? [] : [trust])).joined(separator: " ")
        var credentials = ["export AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=..."]
        if let region { credentials.append("export AWS_REGION=\(quoted(region))") }
        if let endpoint { credentials.append("export AWS_ENDPOINT_URL=\(quoted(endpoint))") }
        var steps: [Step] = []
        steps.append(
            Step(
                title: "Prepare", text: "Install dr on any Linux machine. Set credentials that can read the store.",
                commands: store.hasPrefix("s3:") ? credentials : []))
        if let key {
            let codes = key.codes.count == 1 ? "the QR code" : "the \(key.codes.count) QR codes in their order"
            steps.append(
                Step(
                    title: "Write the key",
                    text: "Scan \(codes), or type the key, into the file scanned.txt.",
                    commands: [
                        "umask 077; sed '/^dr-key/d; /^$/d' scanned.txt > recovery.pem"
                    ]))
        } else if !recipients.isEmpty {
            steps.append(
                Step(
                    title: "Get the key", text: "Fetch the private key of one of the recipients as recovery.pem.",
                    commands: []))
        }
        // A machine without the document key needs the recovery key to read encrypted sets too.
        let recovery = recipients.isEmpty ? "" : " --recovery-key recovery.pem"
        let expected = setNumber.map { " --expect-set \($0):\(setDigest)" } ?? ""
        steps.append(
            Step(
                title: "Look", text: "dr refuses a store whose newest set is older than that of this kit.",
                commands: [
                    "dr list \(source)\(recovery)\(expected)", "dr verify latest \(source)\(recovery)\(expected)",
                ]))
        steps.append(
            Step(
                title: "Restore", text: "dr restores each component into a directory below recovered.",
                commands: ["dr restore \(source)\(recovery)\(expected) --all --to recovered"]))
        return steps
    }

    /// The text as one word of a shell.
    private func quoted(_ text: String) -> String { Program(text, environment: [:]).commandLine }
}
