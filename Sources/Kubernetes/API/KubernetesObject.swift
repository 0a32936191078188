/// A Kubernetes object by type and name: `statefulset/metrics`.
package struct KubernetesObject: Equatable, Sendable, CustomStringConvertible {
    package var type: String
    package var name: String

    package var description: String { "\(type)/\(name)" }

    /// Parses `TYPE/NAME`; nil if the text has another form.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy({ $0.isKubernetesName }) else { return nil }
        (type, name) = (parts[0], parts[1])
    }
}

extension String {
    /// True for RFC 1123 names joined by dots, which cannot be mistaken for an option.
    package var isKubernetesName: Bool {
        !isEmpty && first != "-" && first != "."
            && utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: ".")
            }
    }
}
