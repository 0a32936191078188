import BackupRepository
import Components
import FoundationEssentials

/// Directories beside backed-up ones, since related data is often stored in the same place.
struct Neighbours {
    /// The absolute paths of backed-up trees.
    private let trees: [String]
    private let known: GapSurroundings

    /// Names of programs. A directory in a common place counts only if its name begins with one of them.
    private let programs: [String]

    /// - Parameters:
    ///   - own: the paths of `dr`.
    ///   - kinds: the kinds whose programs count.
    init(of trees: [String], knowing own: [String], kinds: [any ComponentKind.Type]) {
        programs = kinds.flatMap { $0.neighbours } + Self.others
        self.trees = trees
        known = GapSurroundings(trees: trees + own)
    }

    /// Common parent directories, where only names of the stack's programs count.
    private static let common: Set = [
        "/", "/etc", "/var", "/var/lib", "/home", "/opt", "/srv", "/data", "/mnt", "/tmp",
    ]
    /// Observability programs without a kind.
    private static let others = ["otelcol", "tempo"]

    /// Blocks.
    func gaps() -> [Gap] {
        let parents = Set(trees.map { URL(filePath: $0).deletingLastPathComponent().path })
        let found = parents.union(["/etc", "/var/lib"]).flatMap { folders(in: $0) }
        return found.sorted().map { folder in
            Gap(
                "directory '\(folder)'",
                why: "it is beside a backed-up directory, or has the name of a program of the stack",
                remedy: "add a component of kind files with data: \(folder), unless its content can be recreated")
        }
    }

    private func folders(in parent: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        return names.filter { name in
            !Self.common.contains(parent) || programs.contains { name.lowercased().hasPrefix($0) }
        }.map { parent == "/" ? "/\($0)" : "\(parent)/\($0)" }.filter { path in
            var isFolder = false
            // A folder that contains a backed-up tree is searched itself.
            return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
                && !known.covers(path) && !known.trees.contains { $0.hasPrefix(path + "/") }
        }
    }
}
