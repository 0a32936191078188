internal import Platform

/// A tree that may have some of the contents of a backup, at the same paths.
package struct RestoreSeed: Codable, Equatable, Sendable {
    package var path: String
    /// Its name in a sentence: "the target".
    package var name: String

    package init(_ path: String, _ name: String) { (self.path, self.name) = (path, name) }
}

/// The contents that a restore took from a seed.
package struct SeedUse: Codable, Equatable, Sendable {
    /// The name of the seed in a sentence.
    package var name: String
    package var files = 0
    package var bytes = 0

    package init(name: String, files: Int = 0, bytes: Int = 0) {
        self.name = name
        self.files = files
        self.bytes = bytes
    }
}

extension ComponentRestore.Report {
    /// The place of all content, if nothing else had any of it.
    package static let wholeOrigin = "all content came from the store"

    /// The places that the content came from, in one line.
    package var origin: String {
        var parts = seeds.map { "\(Units.bytes($0.bytes)) came from \($0.name)" }
        let interrupted = reusedBytes.subtractingClamped(seeds.map(\.bytes).clampedSum())
        if interrupted > 0 { parts.append("\(Units.bytes(interrupted)) were restored earlier") }
        parts.append("\(Units.bytes(fetched)) came from the store")
        return parts.joined(separator: ", ")
    }
}
