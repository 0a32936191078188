internal import Cryptography

/// The names of the folders that a restore creates. Supported file systems allow at most 255 bytes for a name.
package enum RestoreNames {
    /// The prefix of the name of a tree that is not in place yet.
    static let staging = ".dr-restore-"
    /// The prefix of the name of the old content in a target whose entries are moved one by one.
    static let aside = ".dr-before-"
    /// The separator between a target's name and the time at which it was replaced.
    static let before = ".before-"

    private static let longest = 255

    /// Returns true if a restore gives such a name to the content that it moves aside.
    package static func isPrevious(_ name: String) -> Bool { name.hasPrefix(aside) || name.contains(before) }

    /// - Parameters:
    ///   - name: of the target; nil for a folder inside it.
    ///   - identity: of the backup.
    static func staging(of name: String?, identity: String) -> String {
        let end = name == nil ? identity : "-\(identity)"
        return staging + (name.map { shortened($0, to: longest - staging.utf8.count - end.utf8.count) } ?? "") + end
    }

    /// - Parameter stamp: of the time at which the target is replaced.
    static func aside(of name: String, stamp: String) -> String {
        shortened(name, to: longest - before.utf8.count - 16) + before + stamp
    }

    /// Truncates a name that is too long, and appends the end of its hash to keep it unique.
    private static func shortened(_ name: String, to limit: Int) -> String {
        guard name.utf8.count > limit else { return name }
        let mark = "~" + Digest(of: Array(name.utf8)).hex.suffix(8)
        var cut = name[...]
        while cut.utf8.count + mark.utf8.count > max(limit, mark.utf8.count) { cut.removeLast() }
        return cut + mark
    }
}
