internal import Glibc

/// Entries of a restored tree that do not have the owner or the mode that they should have.
package struct OwnerShortfall: Codable, Equatable, Sendable {
    /// Whose user could not be set.
    package var owners: Int
    /// Whose user is right, but not the group.
    package var groups: Int
    /// Whose mode could not be set.
    package var modes: Int
    /// One of them, as a path in the tree; `./` for the tree's own folder.
    package var example: String
    /// In the system's words.
    package var reason: String
    /// Of all entries, where they are to have the same.
    package var uid: UInt32?
    package var gid: UInt32?

    /// True when a server may be unable to use its data.
    package var isSerious: Bool { owners > 0 || modes > 0 }

    /// One line that says it, and what to do.
    /// - Parameter target: where the tree is now.
    package func text(target: String) -> String {
        let counts = [
            owners > 0 ? "the owner of \(owners)" : nil, groups > 0 ? "the group of \(groups)" : nil,
            modes > 0 ? "the mode of \(modes)" : nil,
        ].compactMap { $0 }.joined(separator: ", ")
        let remedy =
            command(target: target).map { "run as root: \($0)" }
            ?? "run the same restore as root, or choose an owner with --owner"
        return "\(counts) restored files and folders could not be set, such as '\(example)' (\(reason)): \(remedy)"
    }

    /// What sets the owner of all; nil where they have several.
    package func command(target: String) -> String? {
        guard owners + groups > 0, let uid, let gid else { return nil }
        return "chown -hR \(uid):\(gid) '\(target.replacing("'", with: "'\\''"))'"
    }
}

/// Counts while a tree is restored.
struct OwnersGiven {
    enum Attribute { case owner, group, mode }

    private(set) var shortfall: OwnerShortfall?
    private var wanted: (uid: UInt32, gid: UInt32)?
    private var isMixed = false

    mutating func add(_ uid: UInt32, _ gid: UInt32) {
        isMixed = isMixed || wanted.map { $0 != (uid, gid) } ?? false
        wanted = wanted ?? (uid, gid)
        shortfall?.uid = isMixed ? nil : wanted?.uid
        shortfall?.gid = isMixed ? nil : wanted?.gid
    }

    /// - Parameters:
    ///   - attribute: nil for one that need not be set.
    ///   - owner: the one that the entry should have; nil where only its mode is missing.
    ///   - code: the system's reason, an `errno`.
    mutating func miss(
        _ attribute: Attribute?, of path: String, owner: (uid: UInt32, gid: UInt32)? = nil, because code: CInt
    ) {
        guard let attribute else { return }
        var found =
            shortfall ?? OwnerShortfall(owners: 0, groups: 0, modes: 0, example: path, reason: errnoText(code))
        switch attribute {
        case .owner: found.owners += 1
        case .group: found.groups += 1
        case .mode: found.modes += 1
        }
        shortfall = found
        if let owner { add(owner.uid, owner.gid) }
    }
}
