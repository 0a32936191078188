internal import BackupRepository
internal import FoundationEssentials

/// `refs.json`: the content of the bundle beside it, and the repository it was made from.
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
    /// The number of commits on the branch.
    var commits: Int
    /// The references in the bundle: the branch, and the tags on its history. Full name to object.
    var refs: [String: String]
    /// The commit of the previous backup, if this one does not descend from it: the branch was force-pushed.
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

    /// The short form of a commit for messages: its first twelve digits.
    static func short(_ commit: String) -> String { String(commit.prefix(12)) }
}
