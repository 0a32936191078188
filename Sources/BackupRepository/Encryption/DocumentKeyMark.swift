package import Cryptography
internal import FoundationEssentials
internal import ObjectStorage

/// `document-key`: a document key, encrypted to the recipients alone. With a recovery key a machine can therefore get the
/// document keys of a repository back.
///
/// Any user with write access can add one: a machine uses such keys to open documents, and never to encrypt.
struct DocumentKeyMark: Mark {
    static let kind: String = "document-key"
    var format: Int = RepositoryFormat.version
    var kind: String = DocumentKeyMark.kind
    var takesAway: Bool { false }
    var at: Timestamp
    /// The CMS envelope of the key in hexadecimal.
    var envelope: Data
    /// The SHA-256 fingerprints of the recipients.
    var recipients: [String]?
}

extension Repository {
    /// Stores a document key for the holders of recovery keys, unless it is there for all of them.
    package func store(_ key: DocumentKey, now: Timestamp) throws {
        let marks = Marks(self)
        let wanted = encryption.fingerprints ?? []
        let isThere = try marks.list(DocumentKeyMark.kind).contains { object in
            guard object.key.text.hasSuffix("-\(key.id.hex).json") else { return false }
            let mark = try? marks.read(object.key, as: DocumentKeyMark.self)
            return mark?.recipients.map { Set($0).isSuperset(of: wanted) } ?? false
        }
        guard !isThere else { return }
        let envelope = try CMSEnvelope.seal(Array(key.hex.utf8), to: encryption.recipients)
        try marks.put(DocumentKeyMark(at: now, envelope: Data(envelope), recipients: wanted), id: key.id.hex)
    }

    /// Returns the document keys that the recovery key of ``encryption`` can open, newest first.
    /// - Throws: `RepositoryError` `.encrypted` if there are some, and it opens none.
    package func storedDocumentKeys() throws -> [DocumentKey] {
        guard let recoveryKey = encryption.key else { return [] }
        let marks = Marks(self)
        var keys: [DocumentKey] = []
        var failure: CMSError?
        for object in try marks.list(DocumentKeyMark.kind).reversed().prefix(Self.mostDocumentKeys) {
            do {
                guard let mark = try marks.read(object.key, as: DocumentKeyMark.self) else { continue }
                let text = try CMSEnvelope.open([UInt8](mark.envelope), with: recoveryKey, limit: 1024)
                if let key = DocumentKey(hex: String(decoding: text, as: UTF8.self)) { keys.append(key) }
            } catch let error as CMSError {
                failure = error
            } catch let error as RepositoryError where error.reason == .damaged {
                continue
            }
        }
        if let failure, keys.isEmpty {
            throw RepositoryError(
                .encrypted, object: Marks.prefix(DocumentKeyMark.kind), "the recovery key opens no document key",
                hint: failure.hint)
        }
        return keys
    }

    /// A machine makes one key in its life. More are junk.
    private static let mostDocumentKeys = 1000
}
