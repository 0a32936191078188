/// `repository.json`: the document that makes a store's prefix a repository.
package struct RepositoryDescription: Codable, Equatable, Sendable {
    package var format: Int
    package var kind = "repository"
    /// Random and permanent: distinguishes repositories at the same address.
    package var id: String
    package var created: Timestamp
    /// Version of the tool that created it.
    package var tool: String
    package var pack: PackSettings

    enum CodingKeys: String, CodingKey { case format, kind, id, created, tool, pack }

    /// Returns what is wrong with it as the description of a copy of another store; nil if it is the same.
    package func objection(asCopyOf first: RepositoryDescription) -> String? {
        guard id == first.id else { return "it is repository \(id), and the first store holds \(first.id)" }
        return self == first ? nil : "its '\(Layout.description)' is not that of the first store"
    }
}

/// The limits of packs. They apply to writers only; a reader does not need them.
package struct PackSettings: Codable, Equatable, Sendable {
    /// Plain bytes after which a pack is full; a file of at least half of it gets a pack of its own.
    package var targetBytes: Int
    /// Members after which a pack is full: bounds the memory of an index.
    package var maximumMembers: Int

    package static let standard = PackSettings(targetBytes: 64 << 20, maximumMembers: 4096)

    package init(targetBytes: Int, maximumMembers: Int) {
        self.targetBytes = targetBytes
        self.maximumMembers = maximumMembers
    }
}
