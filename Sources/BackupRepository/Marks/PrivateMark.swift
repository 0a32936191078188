internal import Cryptography
internal import FoundationEssentials
internal import ObjectStorage

/// An encrypted mark: a sealed document of the mark's kind, whose only content is the encrypted mark.
///
///     {"envelope":"<base 64 of the CMS envelope>","format":1,"kind":"recorded",
///     "sha256":"<64 digits>"}
///
/// A signature follows it like that of every other mark, see ``MarkSignature``.
struct PrivateMark: Codable, RepositoryDocument {
    var format: Int = RepositoryFormat.version
    var kind: String
    /// Absent in a mark that is not encrypted.
    var envelope: Data?

    var defect: String? { nil }

    /// - Returns: `mark` itself without recipients.
    static func wrap(
        _ mark: [UInt8], of kind: String, key: ObjectKey, by encryption: RepositoryEncryption
    ) throws -> [UInt8] {
        guard !encryption.recipients.isEmpty else { return mark }
        return try SealedDocument.encode(
            PrivateMark(kind: kind, envelope: Data(try encryption.seal(mark, as: key))))
    }

    /// - Returns: the sealed document of the mark.
    static func unwrap(_ document: [UInt8], key: ObjectKey, by encryption: RepositoryEncryption) throws -> [UInt8] {
        let outer = try SealedDocument.decode(PrivateMark.self, document, name: key.text)
        return try outer.envelope.map { try encryption.open([UInt8]($0), of: key) } ?? document
    }

    /// The sealed document of the mark, or why there is none.
    static func unwrapped(
        _ document: [UInt8], key: ObjectKey, by encryption: RepositoryEncryption
    ) -> Result<[UInt8], any Error> { Result { try unwrap(document, key: key, by: encryption) } }
}
