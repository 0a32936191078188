internal import FoundationEssentials
internal import Platform

/// The damage in a copy that a check found, and that no check as deep has found gone. A note in the state folder beside
/// ``CopyNote``: `dr status` must not read a store.
package struct CopyDamage: Codable, Equatable, Sendable {
    /// The objects that are damaged or missing.
    package var objects: Int
    /// The time of the last check that found some.
    package var found: Timestamp
    /// `structure` if the check read no packs, `data` if it did. After `data`, only another such check clears the
    /// note.
    package var depth: VerificationLevel
    /// The address of the copy.
    package var location: String

    package init(objects: Int, found: Timestamp, depth: VerificationLevel, location: String) {
        (self.objects, self.found, self.depth, self.location) = (objects, found, depth, location)
    }

    /// Returns the damage that is known after a check; nil for none.
    /// - Parameters:
    ///   - check: what the check found, maybe no object.
    ///   - isComplete: false if it passed over a part of the copy, as a check of one set or of a share of the packs does.
    ///   - before: the damage that was known before at the same address.
    static func known(after check: CopyDamage, isComplete: Bool, before: CopyDamage?) -> CopyDamage? {
        guard let before else { return check.objects > 0 ? check : nil }
        let isAsDeep = check.depth == .data || before.depth == .structure
        if isComplete, isAsDeep { return check.objects > 0 ? check : nil }
        guard check.objects > 0 else { return before }
        var known = check
        known.objects = max(before.objects, check.objects)
        if !isAsDeep { known.depth = before.depth }
        return known
    }
}

extension StateFolder {
    private func damageFile(_ name: String) -> String { "\(root)/copies/\(name).damage.json" }

    /// - Parameters:
    ///   - name: the name of the copy in dr.yaml.
    ///   - location: its present address: damage at another one says nothing about it.
    /// - Returns: nil if no damage is known, or if the note of it cannot be read.
    package func damage(ofCopy name: String, at location: String) -> CopyDamage? {
        guard let data = try? Data(contentsOf: URL(filePath: damageFile(name))),
            let note = try? JSONDecoder().decode(CopyDamage.self, from: data), note.objects > 0,
            note.location == location
        else { return nil }
        return note
    }

    /// Notes the result of a check of a copy.
    /// - Parameters:
    ///   - name: the name of the copy in dr.yaml.
    ///   - isComplete: see ``CopyDamage/known(after:isComplete:before:)``.
    package func record(_ check: CopyDamage, ofCopy name: String, isComplete: Bool) throws {
        let before = damage(ofCopy: name, at: check.location)
        let after = CopyDamage.known(after: check, isComplete: isComplete, before: before)
        guard after != before else { return }
        guard let known = after else { return try FileManager.default.removeItem(atPath: damageFile(name)) }
        try Folder.makePrivate("\(root)/copies")
        try note(String(decoding: JSONEncoder().encode(known), as: UTF8.self), in: damageFile(name))
    }
}
