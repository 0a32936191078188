import BackupRepository
import Components
import Foundation

/// Directories beside those that are backed up: what was installed together is often kept side by side.
struct Neighbours {
    /// Absolute paths of trees that are backed up.
    private let trees: [String]
    private let known: GapSurroundings

    /// Names of programs: a directory in a common place matters only if it begins with one.
    private let programs: [String]

    /// - Parameters:
    ///   - own: paths that are `dr`'s own.
    ///   - kinds: the kinds whose programs are looked for.
    init(of trees: [String], knowing own: [String], kinds: [any ComponentKind.Type]) {
        programs = kinds.flatMap { $0.neighbours } + Self.others
        self.trees = trees
        known = GapSurroundings(trees: trees + own)
    }

    /// Places where everybody puts things: only what bears a name of the stack matters there.
    private static let common: Set = [
        "/", "/etc", "/var", "/var/lib", "/home", "/opt", "/srv", "/data", "/mnt", "/tmp",
    ]
    /// Programs of observability that no kind is about.
    private static let others = ["otelcol", "tempo"]

    /// Blocks.
    func gaps() -> [Gap] {
        let parents = Set(trees.map { URL(filePath: $0).deletingLastPathComponent().path })
        let found = parents.union(["/etc", "/var/lib"]).flatMap { folders(in: $0) }
        return found.sorted().map { folder in
            Gap(
                "directory '\(folder)'", why: "it lies beside what is backed up, or bears a name of the stack",
                remedy: "add a component of kind files with data: \(folder), unless it can be made anew")
        }
    }

    private func folders(in parent: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        return names.filter { name in
            !Self.common.contains(parent) || programs.contains { name.lowercased().hasPrefix($0) }
        }.map { parent == "/" ? "/\($0)" : "\(parent)/\($0)" }.filter { path in
            var isFolder: ObjCBool = false
            // A folder that holds a tree that is backed up is looked into by itself.
            return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
                && !known.covers(path) && !known.trees.contains { $0.hasPrefix(path + "/") }
        }
    }
}
