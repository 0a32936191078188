/// A type of objects that an API server serves.
package struct APIResource: Hashable, Sendable {
    /// The API group; empty for the core group.
    package var group: String
    package var version: String
    /// The name in paths: "statefulsets".
    package var plural: String
    /// "StatefulSet".
    package var kind: String
    package var isNamespaced: Bool
    package var verbs: Set<String>
    /// True if it has the subresource `scale`.
    package var hasScale: Bool

    package init(
        group: String, version: String, plural: String, kind: String, isNamespaced: Bool = true,
        verbs: Set<String> = ["get", "list"], hasScale: Bool = false
    ) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
        self.isNamespaced = isNamespaced
        self.verbs = verbs
        self.hasScale = hasScale
    }

    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The name that kubectl and access rules use: "statefulsets.apps".
    package var name: String { group.isEmpty ? plural : "\(plural).\(group)" }

    /// The path of a list, or of one object.
    /// - Parameter namespace: nil for all namespaces, or for a type without namespaces.
    package func path(in namespace: String?, name: String? = nil) -> String {
        let root = group.isEmpty ? ["api", version] : ["apis", group, version]
        let place = isNamespaced ? namespace.map { ["namespaces", $0] } ?? [] : []
        let parts = root + place + [plural] + (name.map { [$0] } ?? [])
        return parts.map { "/\(Self.encoded($0))" }.joined()
    }

    /// Percent-encodes a part of a path, which may be text of a document.
    static func encoded(_ part: String) -> String {
        var text = ""
        for byte in part.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: ":"):
                text.append(Character(Unicode.Scalar(byte)))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                text += "%\(hex.count == 1 ? "0" : "")\(hex)"
            }
        }
        // Some clients and proxies remove these parts.
        return text == "." || text == ".." ? text.replacing(".", with: "%2E") : text
    }
}
