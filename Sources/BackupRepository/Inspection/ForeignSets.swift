internal import ObjectStorage
internal import Platform

extension Repository {
    /// Returns true if dr did not write the unreadable object under the key of a set: where sets are signed, dr writes the
    /// signature first, so an object without one is an accident or another user's. It is foreign if it also is not a set
    /// of this repository, or is named after a time in the future. A set from before signing was turned on is not foreign.
    package func isForeign(_ name: Timestamp, at now: Timestamp) throws -> Bool {
        guard signing.isRequired, try !hasSignature(ofSet: name) else { return false }
        if scope.isFuture(name, at: now) { return true }
        var reading = self
        reading.signing = SetSigning()
        do {
            _ = try reading.set(name, void: nil)
            return false
        } catch let error as RepositoryError {
            return error.reason == .damaged
        }
    }

    private func hasSignature(ofSet name: Timestamp) throws -> Bool {
        var isFound = false
        try store.list(prefix: "\(Layout.setPrefix)\(name).", after: nil) { object in
            guard object.key.text.hasSuffix(".p7s") else { return .proceed }
            isFound = true
            return .stop
        }
        return isFound
    }
}

extension RepositoryError {
    /// One warning about all objects that dr did not write, under keys of sets; empty if there are none.
    /// - Parameter copy: the name of the copy in dr.yaml that has them; nil for the first store.
    package static func warning(aboutForeignSets names: [Timestamp], inCopy copy: String? = nil) -> [String] {
        guard let first = names.first else { return [] }
        let more = names.count > 1 ? " and \(Units.count(names.count - 1, "other"))" : ""
        let drop = DropAdvice.command(for: first, inCopy: copy, reason: "not a backup set")
        return [
            "ignored '\(Layout.set(first))'\(more): dr did not write it\n"
                + "hint: another user can write to the store: change its credentials; then "
                + "`\(drop)` removes it"
        ]
    }
}

/// The command that removes a set by its name. Only an operator gives it: nothing that a store holds decides what dr
/// removes before its time.
package enum DropAdvice {
    /// - Parameter copy: the name of the copy in dr.yaml that has the set; nil for the first store.
    package static func command(for set: Timestamp, inCopy copy: String?, reason: String = "TEXT") -> String {
        "\(StoreCommand.text("drop \(set)", inCopy: copy)) --reason \"\(reason)\""
    }
}

/// A command in an advice, as an operator types it. Without the name of the copy it would act on the first store.
package enum StoreCommand {
    /// - Parameters:
    ///   - words: the command without the name of the program, such as `verify`.
    ///   - copy: the name of the copy in dr.yaml that the advice is about; nil for the first store.
    package static func text(_ words: String, inCopy copy: String?) -> String {
        "dr \(words)\(copy.map { " --copy \($0)" } ?? "")"
    }
}
