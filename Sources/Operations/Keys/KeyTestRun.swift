package import BackupRepository
import Cryptography
import FoundationEssentials
import Platform

/// `dr key test`: opens a pack of every component with a recovery key, and records the result.
package struct KeyTestRun {
    let session: Session
    let repository: Repository
    let keyFile: String

    /// - Parameter repository: opened with the key.
    package init(session: Session, repository: Repository, keyFile: String) {
        self.session = session
        self.repository = repository
        self.keyFile = keyFile
    }

    package struct Result: Encodable {
        /// The newest set that was read.
        package var set: Timestamp
        /// The SHA-256 of the key's certificate, if the certificate is known.
        package var fingerprint: String?
        /// The algorithm of the key.
        package var kind: String
        /// True if the key opened a pack of every component whose packs are encrypted.
        package var passed: Bool
        package var components: [KeyTest.Row]
        /// All recipients of dr.yaml with their newest tests, this one included.
        package var recipients: [RecipientProof]
    }

    /// - Parameter certificate: the file of the key's certificate; nil for those of dr.yaml, and the key's name with
    ///   `.crt`.
    package func run(_ selection: RestoreSelection, certificate: String?) async throws -> Result {
        guard let newest = selection.newest, let key = repository.encryption.key else {
            throw UsageError("there is no backup set to test a key with")
        }
        var rows: [KeyTest.Row] = []
        for (component, part) in selection.parts.sorted(by: { $0.key < $1.key }) {
            rows.append(try await session.pool.run { try KeyTest(repository).run(component, of: part.set) })
        }
        let own = try ownCertificate(of: key, named: certificate)
        // The packs that were opened may be newer than others of the same set.
        let isOlder = own.map { own in
            selection.sets.contains { $0.recipients?.contains(own.fingerprint.hex) == false }
        }
        if isOlder == true {
            Output(options: session.options).warn(
                "the newest backups rest on packs that are older than this recipient: the key does not open them\n"
                    + "hint: an older key does; `dr rekey` copies the backups for the present recipients")
        }
        let passed =
            isOlder != true && !rows.contains { $0.outcome == .failed } && rows.contains { $0.outcome == .opened }
        let mark = own.map {
            KeyTestedMark(
                at: session.now(), tool: Release.tool, fingerprint: $0.fingerprint, set: newest.name, passed: passed)
        }
        await record(mark)
        let recipients = try await session.pool.run { try RecipientProof.all(in: repository, now: session.now()) }
        return Result(
            set: newest.name, fingerprint: own?.fingerprint.hex, kind: key.algorithm.description, passed: passed,
            components: rows, recipients: recipients)
    }

    private func ownCertificate(of key: RecoveryKey, named file: String?) throws -> RecoveryCertificate? {
        if let known = key.certificate, file == nil { return known }
        let beside = "\(keyFile).crt"
        guard let place = file ?? (FileManager.default.fileExists(atPath: beside) ? beside : nil) else { return nil }
        if let own = try RecoveryCertificate.load(place).first(where: { try key.belongs(to: $0.x509) }) { return own }
        guard file != nil else { return nil }
        throw UsageError("the key '\(keyFile)' does not belong to the certificate '\(place)'")
    }

    /// Records the result in the repository. A machine that may only read has shown the result all the same.
    private func record(_ mark: KeyTestedMark?) async {
        let output = Output(options: session.options)
        guard let mark else {
            output.warn(
                "the test was not recorded: the certificate of the key is not known\nhint: add --certificate FILE")
            return
        }
        do { _ = try await session.pool.run { try Marks(repository).put(mark) } } catch {
            output.warn("the test could not be recorded: \(error)")
        }
    }
}

extension KeyTestRun.Result {
    package var text: String {
        var table = Table([("COMPONENT", .left), ("RESULT", .left), ("DETAIL", .left)])
        for row in components { table.add([row.component, row.outcome.rawValue, row.detail]) }
        var parts = [table.text]
        if !recipients.isEmpty {
            var keys = Table([("RECIPIENT", .left), ("FINGERPRINT", .left), ("TESTED", .left)])
            for recipient in recipients {
                keys.add([recipient.subject, recipient.fingerprint, recipient.words])
            }
            parts.append(keys.text)
        }
        parts.append(
            passed ? "the key (\(kind)) opens the newest backups" : "the key (\(kind)) does not open the newest backups"
        )
        return parts.joined(separator: "\n\n")
    }
}

extension KeyTest.Row {
    fileprivate var detail: String {
        guard outcome == .opened, let newest, let smallest, let bytes else { return reason ?? "" }
        let whole = "pack \(smallest.prefix(8)) decrypted and verified (\(Units.bytes(bytes)))"
        return newest == smallest ? whole : "\(whole); header of the newest pack \(newest.prefix(8)) opened"
    }
}
