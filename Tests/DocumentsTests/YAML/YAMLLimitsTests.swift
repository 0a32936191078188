import Foundation
import Lab
import Platform
import Testing

@testable import Documents

@Suite struct YAMLLimitsTests {
    @Test func `a configuration beyond the limit is refused before it is parsed`() throws {
        let folder = try TemporaryFolder("yaml")
        let file = folder.url.appending(path: "dr.yaml")
        let text = "a: \"\(String(repeating: "x", count: 50 << 20))\"\n"
        try Data(text.utf8).write(to: file)
        let start = ContinuousClock.now
        let error = #expect(throws: DocumentError.self) { try YAMLDocument(reading: file.path) }
        #expect(error?.description.contains("longer than 1 MiB") == true, "\(String(describing: error))")
        #expect(throws: DocumentError.self) { try YAMLDocument(text, file: "plan", folder: "/") }
        #expect(ContinuousClock.now - start < .seconds(5), "the parser took 15 s for it")
    }

    /// Ten aliases in each of ten lists.
    private static let bomb: String = {
        let lists = (1...9).map {
            "l\($0): &l\($0) [\(Array(repeating: "*l\($0 - 1)", count: 10).joined(separator: ", "))]"
        }
        return (["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"] + lists).joined(separator: "\n") + "\n"
    }()

    @Test func `aliases that multiply are refused`() {
        let error = #expect(throws: DocumentError.self) { try YAMLDocument(Self.bomb, file: "dr.yaml", folder: "/") }
        #expect(error?.description.contains("aliases") == true)
        #expect(YAMLNode.composed(ofServer: Self.bomb) == nil)
    }

    @Test func `the configuration of a server may be longer than dr's`() {
        let list = "a: [\(Array(repeating: "word", count: 300_000).joined(separator: ", "))]\n"
        #expect(YAMLNode.composed(ofServer: list) != nil)
        #expect(YAMLNode.composed(ofServer: "a: \(String(repeating: "x", count: YAMLLimits.longestAnswer))") == nil)
    }
}
