/// `repository.json`: what makes a store's prefix a repository.
package struct RepositoryDescription: Codable, Equatable, Sendable {
    package var format: Int
    package var kind = "repository"
    /// Random, for ever: tells one repository from another at the same address.
    package var id: String
    package var created: Timestamp
    /// Version of the tool that made it.
    package var tool: String
    package var pack: PackSettings

    enum CodingKeys: String, CodingKey { case format, kind, id, created, tool, pack }
}

/// How packs are cut. A reader needs none of this; it steers writers.
package struct PackSettings: Codable, Equatable, Sendable {
    /// Plain bytes after which a pack is full; a file of at least half of it gets a pack of its own.
    package var targetBytes: Int
    /// Members after which a pack is full: it bounds the memory that an index takes.
    package var maximumMembers: Int

    package static let standard = PackSettings(targetBytes: 64 << 20, maximumMembers: 4096)

    package init(targetBytes: Int, maximumMembers: Int) {
        self.targetBytes = targetBytes
        self.maximumMembers = maximumMembers
    }
}
