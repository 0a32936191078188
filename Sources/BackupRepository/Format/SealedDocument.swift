internal import Cryptography
internal import FoundationEssentials
internal import Platform

/// A JSON document that carries its own SHA-256 as its last member, on a line of its own:
///
///     {"component":"metrics", … ,
///     "sha256":"<64 digits>"}
///
/// The hash covers every byte before that line's preceding `,\n`, so `head -c -79 FILE | sha256sum` checks it without
/// dr. The seal detects accidents. A replaced document is detected by the hash in the document above it in the tree
/// (set → manifest → index → pack).
package enum SealedDocument {
    /// `,\n"sha256":"` + 64 digits + `"}\n`.
    static let sealLength = 79

    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var bytes = [UInt8](try encoder.encode(value))
        seal(&bytes)
        return bytes
    }

    /// - Parameter document: a JSON object with at least one member.
    static func seal(_ document: inout [UInt8]) {
        precondition(document.last == UInt8(ascii: "}") && document.count > 2, "a sealed document is a JSON object")
        document.removeLast()
        let seal = Digest(of: document).hex
        document.append(contentsOf: ",\n\"sha256\":\"\(seal)\"}\n".utf8)
    }

    /// - Throws: ``RepositoryError``, `.damaged` if the seal does not match or a value is out of its range,
    ///   `.newerVersion` if the document has a format newer than ``RepositoryFormat/version``.
    static func decode<Value: RepositoryDocument>(
        _ type: Value.Type, _ bytes: [UInt8], name: String, mostValues: Int = DocumentLimits.mostValues
    ) throws -> Value {
        guard bytes.count > sealLength else {
            throw RepositoryError.damaged(name, "it is truncated or not a document of dr")
        }
        let content = Array(bytes.dropLast(sealLength))
        let tail = String(decoding: bytes.suffix(sealLength), as: UTF8.self)
        let whole = tail == ",\n\"sha256\":\"\(Digest(of: content).hex)\"}\n"
        if let defect = DocumentScan(bytes).defect(mostValues: mostValues) {
            throw RepositoryError.damaged(name, defect)
        }
        let decoder = JSONDecoder()
        let data = Data(bytes)
        // The version comes first: a newer format may have another seal, and must not be reported as damaged.
        if let header = try? decoder.decode(Header.self, from: data), header.format > RepositoryFormat.version {
            throw RepositoryError(
                .newerVersion, object: name,
                "it is of format \(header.format), this dr reads up to \(RepositoryFormat.version)",
                hint: "use a newer dr")
        }
        guard whole else { throw RepositoryError.damaged(name, "its SHA-256 does not match its content") }
        let document: Value
        do {
            document = try decoder.decode(type, from: data)
        } catch {
            throw RepositoryError.damaged(name, "its content is not valid: \(Self.place(of: error))")
        }
        if let defect = document.defect { throw RepositoryError.damaged(name, defect) }
        return document
    }

    /// Returns the member that could not be decoded, with the reason.
    private static func place(of error: any Error) -> String {
        let (context, word): (DecodingError.Context, String)
        switch error as? DecodingError {
        case .typeMismatch(_, let found): (context, word) = (found, "has another type")
        case .valueNotFound(_, let found): (context, word) = (found, "is null")
        case .keyNotFound(let key, let found):
            (context, word) = (found, "lacks '\(key.stringValue.printable)'")
        case .dataCorrupted(let found): (context, word) = (found, found.debugDescription.printable)
        default: return "\(error)".printable
        }
        let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue.printable }
        return "\(path.isEmpty ? "the document" : "'\(path.joined(separator: "."))'") \(word)"
    }

    private struct Header: Decodable { var format: Int }
}

/// The member that every document of a repository has.
package enum RepositoryFormat {
    /// The newest major version that this program reads, and the one it writes.
    package static let version = 1
}
