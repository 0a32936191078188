/// The name of an object, relative to its store's prefix. It is checked once and trusted afterwards.
///
/// Every object store, file system and shell accepts its characters unchanged.
package struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String

    /// - Returns: nil unless `text` is 1 to 900 of `A-Z a-z 0-9 . _ - /`, with no empty, `.` or `..` component.
    package init?(_ text: String) {
        guard (1...900).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed),
            text.split(separator: "/", omittingEmptySubsequences: false)
                .allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
        else { return nil }
        self.text = text
    }

    /// Makes a key that the program itself builds; a malformed one is a bug.
    package init(trusted text: String) {
        guard let key = ObjectKey(text) else {
            preconditionFailure("malformed object key '\(text)'")  // checked: the lint looks at each use
        }
        self = key
    }

    package var description: String { text }

    package static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
