internal import Documents
internal import FoundationEssentials
internal import Platform

/// The location of a repository.
package enum StoreLocation: Hashable, Sendable, CustomStringConvertible {
    /// `prefix` has no slash at either end; it is empty for the whole bucket.
    case s3(bucket: String, prefix: String)
    /// An absolute path without a slash at its end.
    case directory(String)

    /// Reads `s3://bucket/prefix` or `file:///absolute/path`.
    /// - Throws: `StoreLocationError` with the reason.
    package init(_ text: String) throws(StoreLocationError) {
        guard let separator = text.firstRange(of: "://") else {
            let hint = text.hasPrefix("/") ? "file://\(text)" : nil
            throw StoreLocationError("is not a URL such as s3://bucket/prefix or file:///absolute/path", meant: hint)
        }
        let scheme = text[..<separator.lowerBound].lowercased()
        let rest = text[separator.upperBound...]
        switch scheme {
        case "file": self = .directory(try Self.directory(rest))
        case "s3": self = try Self.bucket(rest)
        default: throw StoreLocationError("has scheme '\(scheme)'; s3:// and file:// are supported")
        }
    }

    package var description: String {
        switch self {
        case .directory(let path): "file://\(path)"
        case .s3(let bucket, ""): "s3://\(bucket)"
        case .s3(let bucket, let prefix): "s3://\(bucket)/\(prefix)"
        }
    }

    private static func directory(_ rest: Substring) throws(StoreLocationError) -> String {
        guard rest.hasPrefix("/") else {
            throw StoreLocationError("needs an absolute path, with three slashes", meant: "file:///\(rest)")
        }
        guard let path = PercentEncoding.decode(rest), !path.contains("\0") else {
            throw StoreLocationError("has a bad percent escape")
        }
        let parts = path.split(separator: "/")
        guard !parts.isEmpty else { throw StoreLocationError("is the root directory") }
        guard !parts.contains(where: { $0 == "." || $0 == ".." }) else {
            throw StoreLocationError("must not contain '.' or '..'")
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Rules for general purpose buckets: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    private static func bucket(_ rest: Substring) throws(StoreLocationError) -> StoreLocation {
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let bucket = String(parts.first ?? "")
        let letters = Set("abcdefghijklmnopqrstuvwxyz0123456789.-")
        guard (3...63).contains(bucket.count), bucket.allSatisfy(letters.contains),
            bucket.first?.isLetter == true || bucket.first?.isNumber == true,
            bucket.last?.isLetter == true || bucket.last?.isNumber == true, !bucket.contains("..")
        else {
            throw StoreLocationError(
                "does not have a valid bucket name: 3 to 63 of a-z, 0-9, '-' and '.', with a letter or digit at both ends"
            )
        }
        let prefix = parts.count > 1 ? parts[1].drop { $0 == "/" } : ""
        let segments = prefix.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        guard !segments.contains(where: { $0 == "." || $0 == ".." }) else {
            throw StoreLocationError("must not contain '.' or '..'")
        }
        guard !prefix.contains(where: { "?#\\".contains($0) || $0.isWhitespace }) else {
            throw StoreLocationError("has a prefix with '?', '#', '\\' or a space")
        }
        return .s3(bucket: bucket, prefix: segments.joined(separator: "/"))
    }
}

/// The reason why a text is not a valid store location. It follows the quoted URL in a message.
package struct StoreLocationError: Error, Equatable, CustomStringConvertible {
    package var description: String
    /// The probable intended value.
    package var meant: String?

    init(_ description: String, meant: String? = nil) {
        self.description = description
        self.meant = meant
    }
}

extension Shape where Value == StoreLocation {
    static let storeURL = Shape(schema: ["type": "string", "pattern": "^(s3://|file:///)"]) { node, reader in
        guard let text = Shape<String>.text.read(node, &reader) else { return nil }
        do throws(StoreLocationError) {
            return try StoreLocation(text)
        } catch {
            reader.complain(node, "store '\(text)' \(error)", hint: error.meant.map { "did you mean '\($0)'?" })
            return nil
        }
    }
}
