internal import BackupRepository
internal import Documents
internal import FoundationEssentials
internal import Platform

/// The documents of a restored tree, read one by one.
struct ImportTree: Sendable {
    let root: String
    let pool: BlockingPool

    /// Paths of the entries of a folder, in the order of their names; empty if the folder does not exist.
    func entries(of folder: String) async throws -> [String] {
        try await pool.run { [root] in
            let path = "\(root)/\(folder)"
            guard FileManager.default.fileExists(atPath: path) else { return [] }
            return try FileManager.default.contentsOfDirectory(atPath: path).sorted().map { "\(folder)/\($0)" }
        }
    }

    /// Paths of the documents directly in a folder.
    func documents(in folder: String) async throws -> [String] {
        try await entries(of: folder).filter { $0.hasSuffix(".json") }
    }

    /// - Returns: nil when there is none.
    /// - Throws: ``Obstacle`` for one that cannot be read.
    func document(_ path: String) async throws -> JSONValue? {
        try await pool.run { [root] in
            let file = "\(root)/\(path)"
            guard FileManager.default.fileExists(atPath: file) else { return nil }
            guard let content = FileManager.default.contents(atPath: file) else {
                throw Obstacle(.failed, "its document '\(path)' cannot be read")
            }
            do {
                return try JSONValue(parsing: [UInt8](content))
            } catch { throw Obstacle(.failed, "its document '\(path)' is damaged: \(error)") }
        }
    }
}
