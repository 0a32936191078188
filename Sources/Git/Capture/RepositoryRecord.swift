internal import BackupRepository
internal import FoundationEssentials

/// `refs.json`: what the bundle beside it holds, and where it came from.
struct RepositoryRecord: Codable, Equatable {
    static let fileName = "refs.json"
    static let bundleName = "repository.bundle"

    /// Without credentials.
    var url: String
    var branch: String
    /// The branch's newest commit.
    var commit: String
    /// RFC 3339, UTC.
    var authorTime: String
    var commitTime: String
    var subject: String
    /// On the branch, from its very first.
    var commits: Int
    /// What the bundle holds: the branch, and the tags on its history. Full name to object.
    var refs: [String: String]
    /// The commit that was backed up before, when this one does not descend from it: the branch was force-pushed.
    var replaced: String?

    static func read(in tree: String) throws -> RepositoryRecord {
        let file = "\(tree)/\(fileName)"
        do {
            return try JSONDecoder().decode(Self.self, from: try Data(contentsOf: URL(filePath: file)))
        } catch {
            throw ComponentError(.damaged, operation: "read '\(file)'", "\(error)", hint: "restore another set")
        }
    }

    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }

    /// A commit for people: its first twelve digits.
    static func short(_ commit: String) -> String { String(commit.prefix(12)) }
}
