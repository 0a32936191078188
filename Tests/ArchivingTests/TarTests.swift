import Archiving
import Foundation
import Lab
import Testing

@Suite struct TarTests {
    private func archive(_ body: (inout TarWriter) throws -> Void) throws -> [UInt8] {
        nonisolated(unsafe) var bytes: [UInt8] = []
        var writer = try TarWriter { piece in piece.withUnsafeBytes { bytes += $0 } }
        try body(&writer)
        try writer.finish()
        return bytes
    }

    @Test func `tar reads names modes times and links`() async throws {
        let long = String(repeating: "d", count: 200) + "/" + String(repeating: "f", count: 200)
        let bytes = try archive { writer in
            try writer.begin(TarEntry(path: Array("dir/".utf8), kind: .directory, mode: 0o750, modified: 1_000_000_000))
            try writer.endEntry()
            for (path, text) in [("dir/ä b\n", "one"), (long, "two"), ("-x", "three")] {
                try writer.begin(
                    TarEntry(
                        path: Array(path.utf8), kind: .file(size: text.utf8.count), mode: 0o640, modified: 1_600_000_000
                    ))
                try writer.write(Array(text.utf8).span.bytes)
                try writer.endEntry()
            }
            try writer.begin(
                TarEntry(path: Array("l".utf8), kind: .symbolicLink(target: Array("-x".utf8)), mode: 0o777, modified: 0)
            )
            try writer.endEntry()
        }
        let folder = try TemporaryFolder("tar")
        try Data(bytes).write(to: folder.url.appending(path: "x.tar"))
        let run = try await CommandRun.run("/bin/sh", ["-c", "mkdir out; tar -xpf x.tar -C out"], in: folder.url)
        #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
        let out = folder.url.appending(path: "out")
        #expect(try String(contentsOf: out.appending(path: "dir/ä b\n"), encoding: .utf8) == "one")
        #expect(try String(contentsOf: out.appending(path: long), encoding: .utf8) == "two")
        #expect(try String(contentsOf: out.appending(path: "l"), encoding: .utf8) == "three")
        let stat = try await CommandRun.run("/usr/bin/stat", ["-c", "%a %Y", out.appending(path: "-x").path])
        #expect(stat.output == "640 1600000000\n")
    }

    @Test func `position is where the content begins`() throws {
        nonisolated(unsafe) var offset = 0
        let bytes = try archive { writer in
            try writer.begin(TarEntry(path: Array("a".utf8), kind: .file(size: 5), mode: 0o644, modified: 0))
            offset = writer.position
            try writer.write(Array("hello".utf8).span.bytes)
            try writer.endEntry()
        }
        #expect(Array(bytes[offset..<offset + 5]) == Array("hello".utf8))
        #expect(bytes.count.isMultiple(of: 512))
    }

    struct Full: Error {}

    @Test func `the writer throws the sink's error unchanged`() throws {
        #expect(throws: Full.self) {
            var writer = try TarWriter { _ in throw Full() }
            try writer.begin(TarEntry(path: Array("a".utf8), kind: .file(size: 0), mode: 0o644, modified: 0))
            try writer.endEntry()
            try writer.finish()
        }
    }

    @Test func `a dropped writer leaves no end mark`() throws {
        nonisolated(unsafe) var bytes: [UInt8] = []
        do {
            var writer = try TarWriter { piece in piece.withUnsafeBytes { bytes += $0 } }
            try writer.begin(TarEntry(path: Array("a".utf8), kind: .directory, mode: 0o755, modified: 0))
            try writer.endEntry()
        }
        #expect(bytes.count == 512, "the header alone, without the two empty records that end a tar")
    }
}
