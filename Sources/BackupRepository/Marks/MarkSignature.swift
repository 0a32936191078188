internal import Cryptography
internal import FoundationEssentials
internal import ObjectStorage
internal import Platform

/// The signature of a mark that can take a backup away: it follows the sealed document in the same object, as PEM.
///
///     {"at":…,"kind":"void", … ,
///     "sha256":"<64 digits>"}
///     -----BEGIN CMS-----
///     …
///     -----END CMS-----
///
/// The signature covers a line with the repository's id and the mark's key, and then the sealed document. So a mark proves
/// nothing in another repository or under another key. `docs/repository-format.md`, "Signed marks", has the commands of
/// OpenSSL that check one.
enum MarkSignature {
    private static let begin = Array("-----BEGIN CMS-----\n".utf8)
    private static let end = Array("-----END CMS-----\n".utf8)

    /// - Returns: the object of the mark: the document with its signature.
    static func append(
        to document: [UInt8], key: ObjectKey, repository: String, by signer: SigningIdentity
    ) throws -> [UInt8] {
        let signature = try CMSSignature.sign(content(document, key: key, repository: repository), by: signer)
        let text = Data(signature).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
        return document + begin + Array(text.utf8) + (text.hasSuffix("\n") ? [] : [UInt8(ascii: "\n")]) + end
    }

    /// Separates the document from its signature. The signature is nil if there is none, or if it is not PEM.
    static func split(_ object: [UInt8]) -> (document: [UInt8], signature: [UInt8]?) {
        // A sealed document has two lines. Its strings have no line ends, so it cannot contain this line.
        guard object.last == end.last, let start = firstLine(begin, in: object) else { return (object, nil) }
        let document = Array(object[..<start])
        let body = object[(start + begin.count)...]
        guard body.count >= end.count, body.suffix(end.count).elementsEqual(end) else { return (document, nil) }
        let text = body.dropLast(end.count).filter { $0 != UInt8(ascii: "\n") }
        return (document, Data(base64Encoded: Data(text)).map { [UInt8]($0) })
    }

    /// - Returns: the limits of the trust in the signer, which the caller checks.
    /// - Throws: `RepositoryError` `.untrusted`.
    static func check(
        _ signature: [UInt8]?, of document: [UInt8], key: ObjectKey, repository: String, by signing: SetSigning
    ) throws -> TrustedSigner {
        guard let signature else { throw RepositoryError.untrusted(key, "it is not signed") }
        do {
            return try signing.verify(signature, of: content(document, key: key, repository: repository))
        } catch { throw RepositoryError.untrusted(key, "its signature is not valid: \(error.detail)") }
    }

    static func content(_ document: [UInt8], key: ObjectKey, repository: String) -> [UInt8] {
        Array("\(repository) \(key.text)\n".utf8) + document
    }

    /// - Returns: the start of the first line that equals `line`.
    private static func firstLine(_ line: [UInt8], in object: [UInt8]) -> Int? {
        var start = 0
        while start < object.count {
            if object[start...].starts(with: line) { return start }
            guard let lineEnd = object[start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            start = lineEnd + 1
        }
        return nil
    }
}

extension RepositoryError {
    static func untrusted(_ key: ObjectKey, _ detail: String) -> RepositoryError {
        RepositoryError(
            .untrusted, object: key.text, detail,
            hint: "dr ignores it; find out who wrote it: it would hide or remove a backup")
    }

    /// Warnings about marks that were not used: one for each damaged mark, and one for all without a trusted signature.
    package static func warnings(aboutMarks errors: [RepositoryError]) -> [String] {
        let untrusted = errors.filter { $0.reason == .untrusted }
        var warnings = errors.filter { $0.reason != .untrusted }.map { "skipped a mark: \($0)" }
        if let first = untrusted.first {
            let these = untrusted.count == 1 ? "1 mark" : "\(untrusted.count) marks"
            warnings.append(
                "ignored \(these) without a trusted signature, which would hide or remove backups: '\(first.object.printable)'"
                    + (untrusted.count == 1 ? "" : " and others") + ": \(first.detail)\n"
                    + "hint: dr did not write this: another user can write to the store; change its credentials")
        }
        return warnings
    }
}
