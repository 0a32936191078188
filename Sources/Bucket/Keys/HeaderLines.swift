internal import S3

/// The header fields of an object as text: `name: value` in lines.
package enum HeaderLines {
    /// Bytes. S3 has at most 2 KiB of the user's own fields; a pack describes thousands of objects.
    package static let most = 3 << 10

    package static func text(_ fields: [(name: String, value: String)]) -> String {
        fields.filter { !$0.value.utf8.contains { $0 < 0x20 || $0 == 0x7F } }
            .map { "\($0.name): \($0.value)" }.joined(separator: "\n")
    }

    /// - Returns: the fields that may be sent with an object; lines that are none are dropped.
    package static func fields(_ text: String) -> [(name: String, value: String)] {
        text.split(separator: "\n").compactMap { line in
            guard let colon = line.firstRange(of: ": ") else { return nil }
            let name = String(line[..<colon.lowerBound])
            guard BucketObject.isUserField(name), !line.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                return nil
            }
            let value = String(line[colon.upperBound...])
            guard name == "content-encoding" else { return (name, value) }
            guard let own = coding(value) else { return nil }
            return (name, own)
        }
    }

    /// The content's own codings, without that of an upload in signed pieces, which some servers keep.
    /// - Returns: nil if there is none.
    private static func coding(_ value: String) -> String? {
        let all = value.split { $0 == "," || $0 == " " }
        let own = all.filter { $0.lowercased() != "aws-chunked" }
        if own.count == all.count { return value }
        return own.isEmpty ? nil : own.joined(separator: ", ")
    }
}
