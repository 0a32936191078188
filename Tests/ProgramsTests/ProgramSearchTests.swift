import Foundation
import Lab
import Programs
import Testing

@Suite struct ProgramSearchTests {
    @Test func onlyWhatMayBeRunIsFound() throws {
        let folder = try TemporaryFolder("search")
        for (name, mode) in [("tool", 0o755), ("text", 0o644)] {
            let isThere = FileManager.default.createFile(
                atPath: "\(folder.path)/\(name)", contents: Data("#!/bin/sh\n".utf8),
                attributes: [.posixPermissions: mode])
            try #require(isThere)
        }
        #expect(Program.find("tool", path: "/nowhere:\(folder.path)") == "\(folder.path)/tool")
        #expect(Program.find("\(folder.path)/tool", path: "") == "\(folder.path)/tool")
        #expect(Program.find("tool", path: "/usr/bin") == nil)
        #expect(Program.find("text", path: folder.path) == nil)
        #expect(Program.find(folder.path, path: "/usr/bin") == nil)
    }
}
