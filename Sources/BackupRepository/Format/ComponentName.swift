/// The one rule for names of components, in `dr.yaml` and in a repository: they are the first part of keys.
package enum ComponentName {
    /// A regular expression for the characters and the length; the ``reserved`` names match it too.
    package static let pattern = "^[a-z0-9-]{1,64}$"

    /// Folders of the repository's own, beside which each component has one.
    package static let reserved: Set<String> = ["sets", "marks"]

    package static func isValid(_ name: String) -> Bool { hasValidForm(name) && !reserved.contains(name) }

    /// True for reserved names as well.
    package static func hasValidForm(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
            }
    }
}
