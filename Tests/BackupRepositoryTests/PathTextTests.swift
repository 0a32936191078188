import Foundation
import Lab
import Testing

@testable import BackupRepository

@Suite struct PathTextTests {
    @Test(
        arguments: [
            (Array("plain/ü 1".utf8), "plain/ü 1"), ([0x61, 0xFF], "a\\xff"), (Array("a\\b".utf8), "a\\\\b"),
            (Array("x\u{1B}]0;t\u{7}\n".utf8), "x\\x1b]0;t\\x07\\x0a"), (Array("\u{9B}".utf8), "\\xc2\\x9b"),
            ([0xC3], "\\xc3"), ([0xE2, 0x82, 0x61], "\\xe2\\x82a"), ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"),
        ] as [([UInt8], String)]) func `path bytes convert to printable text and back`(path: [UInt8], text: String)
    {
        #expect(PathText.text(of: path) == text)
        #expect((PathText.bytes(of: text) ?? Array(text.utf8)) == path)
    }

    @Test(arguments: ["plain", "a\\b", "a\\", "\\x", "\\x1", "\\xg0", "\\x+1"])
    func `text without a well-formed escape stands for itself`(text: String) {
        #expect(PathText.bytes(of: text) == nil)
    }

    @Test func `a path that is not UTF-8 is restored alone, and so is one with a backslash`() async throws {
        let fixture = try Fixture()
        let script = """
            cd "$1"; echo 1 > "$(printf 'bad\\377')"; mkdir "$(printf 'dir\\377')"; echo 2 > "$(printf 'dir\\377/f')"
            echo 3 > 'a\\xff'; echo 4 > 'b\\\\c'; echo 5 > other
            """
        #expect(try await CommandRun.run("/bin/bash", ["-c", script, "sh", fixture.source.path]).status == 0)
        let repository = try fixture.repository()
        let set = try await fixture.backup(repository).set
        for (number, path) in ["bad\\xff", "dir\\xff", "dir\\xFF/f", "a\\xff", "a\\\\xff", "b\\\\c", "b\\\\\\\\c"]
            .enumerated()
        {
            let report = try await fixture.restore(repository, set: set, to: "out-\(number)", paths: [path])
            #expect(report.files == 1, "\(path)")
        }
        let out = fixture.folder.url
        #expect(
            try await CommandRun.run("/bin/sh", ["-c", "cat out-[0-6]/* out-[12]/*/f"], in: out).output
                == "1\n3\n3\n4\n4\n2\n2\n")
        for path in ["bad", "bad\\xfe", "..\\x2f", "\\x2e\\x2e/x", "a\\x00"] {
            await #expect(throws: RepositoryError.self, "\(path)") {
                try await fixture.restore(repository, set: set, to: "none", paths: [path])
            }
        }
    }
}
