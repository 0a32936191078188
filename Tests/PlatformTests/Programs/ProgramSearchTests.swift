import Foundation
import Lab
import Platform
import Testing

/// The search for a program in the way of `execvpe(3)`.
@Suite struct ProgramSearchTests {
    private static let pool = BlockingPool(threads: 2)
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder("search")
        for (name, mode) in [("one/tool", 0o755), ("two/tool", 0o755), ("plain/tool", 0o644), ("here", 0o755)] {
            let path = "\(folder.path)/\(name)"
            try FileManager.default.createDirectory(
                at: URL(filePath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
            let text = "#!/bin/sh\necho \(name)\n"
            try #require(
                FileManager.default.createFile(
                    atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: mode]))
        }
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/folder/tool", withIntermediateDirectories: true)
    }

    private func search(_ name: String, _ path: String?) -> Program.Search {
        var environment: [String: String] = [:]
        environment["PATH"] = path?.replacing("@", with: folder.path)
        return Program.search(name, environment: environment, in: folder.path)
    }

    @Test(arguments: [
        ("tool", "/nowhere:@/one:@/two", "@/one/tool"), ("tool", "@/two:@/one", "@/two/tool"),
        ("tool", "one", "one/tool"),  // a relative folder starts where the program would run
        ("tool", "@/plain:@/one", "@/one/tool"), ("tool", "@/folder:@/one", "@/one/tool"),
        ("here", "", "./here"), ("here", "/nowhere:", "./here"), ("here", ":/nowhere", "./here"),
        ("here", "/a::/b", "./here"), ("./here", "/nowhere", "./here"), ("one/tool", "", "one/tool"),
    ])
    func `the first folder of the PATH that has a program wins`(name: String, path: String, found: String) {
        #expect(search(name, path) == .found(found.replacing("@", with: folder.path)))
    }

    @Test func `a program is missing, denied or found in the system's own folders`() {
        #expect(search("tool", "/nowhere:/usr/bin") == .missing)
        #expect(search("", "@/one") == .missing)
        #expect(search("tool", "@/plain:/nowhere") == .denied("\(folder.path)/plain/tool"))
        #expect(search("@/folder".replacing("@", with: folder.path), "") == .denied("\(folder.path)/folder"))
        #expect(search("here", nil) == .missing)
        if case .found(let path) = search("sh", nil) { #expect(path == "/bin/sh") } else { Issue.record("no shell") }
    }

    @Test func `a program is searched in the environment that it gets`() async throws {
        let environment = ["PATH": "\(folder.path)/two:/usr/bin:/bin"]
        let run = Program("tool", environment: environment)
        #expect(try await Self.pool.run { try run.captured() }.output == "two/tool\n")
        var relative = Program("here", environment: ["PATH": ""])
        relative.folder = folder.path
        let inFolder = relative
        #expect(try await Self.pool.run { try inFolder.captured() }.output == "here\n")
    }

    @Test func `a program that this process would find is missing where its own PATH lacks it`() async throws {
        let lost = Program("sh", ["-c", "true"], environment: ["PATH": folder.path])
        let missing = await #expect(throws: ProgramError.self) { try await Self.pool.run { try lost.captured() } }
        #expect(missing?.reason == .missing && missing?.detail == "program 'sh' not found in PATH (\(folder.path))")
        let plain = Program("tool", environment: ["PATH": "\(folder.path)/plain"])
        let denied = await #expect(throws: ProgramError.self) { try await Self.pool.run { try plain.captured() } }
        #expect(denied?.reason == .notStarted)
        #expect(denied?.detail.contains("plain/tool' cannot be run") == true)
    }
}
