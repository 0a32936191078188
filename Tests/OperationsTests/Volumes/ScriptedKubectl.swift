import Foundation
import Kubernetes
import Lab
import Platform
import Testing

/// A shell script in place of kubectl, in a folder whose files it can read.
struct ScriptedKubectl {
    private static let pool = BlockingPool(threads: 4)
    let folder: TemporaryFolder

    /// - Parameter cases: the branches of a `case` statement on all arguments.
    init(_ cases: String) async throws {
        folder = try TemporaryFolder("kubectl")
        let program = """
            #!/bin/sh
            cd '\(folder.path)'
            word() { echo "$*" | sed "s,.* $word\\([^ ]*\\) .*,\\1,"; }
            case "$*" in
            \(cases)
            *) exit 9 ;;
            esac

            """
        // Another process writes it: a child of another test that still has the descriptor would make it busy.
        let text = folder.url.appending(path: "kubectl.txt").path
        try Data(program.utf8).write(to: URL(filePath: text))
        let made = try await CommandRun.run("/usr/bin/install", ["-m", "755", text, "\(folder.path)/kubectl"])
        try #require(made.status == 0, "\(made.errors)")
    }

    var kubectl: Kubectl {
        Kubectl(
            context: "east", namespace: "lab", environment: ["PATH": "\(folder.path):/usr/bin:/bin"],
            folder: folder.path, pool: Self.pool)
    }

    func write(_ name: String, _ content: some Collection<UInt8>) throws {
        try Data(content).write(to: folder.url.appending(path: name))
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(at: folder.url.appending(path: name)) }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder.path)/\(name)") }
}
