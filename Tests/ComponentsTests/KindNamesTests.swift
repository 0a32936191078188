import Foundation
import Lab
import Testing

@testable import Components

/// Each kind of component is known in its own target and in the list of kinds, and nowhere else.
@Suite struct KindNamesTests {
    /// Kinds whose name is a word of no other meaning, by the folder of their target.
    private static let names = StackFixture.kinds.map { $0.name }.filter { !["files", "git"].contains($0) }
    /// The composition root.
    private static let root = "dr/Kinds.swift"
    /// Files that must name another system than the kind of that name: an address of documentation.
    private static let allowed = ["prometheus": ["Notifications/Channels/AlertmanagerFormat.swift"]]

    private static var sources: URL { Checkout.url("Sources") }

    private static func files() throws -> [String] {
        let paths = try #require(FileManager.default.enumerator(atPath: sources.path)?.allObjects as? [String])
        return paths.filter { $0.hasSuffix(".swift") }
    }

    @Test(arguments: names) func `no source outside of a kind's target names the kind`(name: String) throws {
        let folder = "\(name.capitalized)/"
        let files = try Self.files()
        #expect(files.contains { $0.hasPrefix(folder) }, "there is no target for \(name)")
        let others = files.filter { path in
            !path.hasPrefix(folder) && path != Self.root && !(Self.allowed[name] ?? []).contains(path)
        }
        for path in others {
            let text = try String(contentsOf: Self.sources.appending(path: path), encoding: .utf8).lowercased()
            let line = text.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0.contains(name) }
            #expect(line == nil, "\(path):\((line ?? 0) + 1) names \(name)")
        }
    }

    @Test func `the list of kinds stands in the composition root alone`() throws {
        let lists = try Self.files().filter { path in
            try String(contentsOf: Self.sources.appending(path: path), encoding: .utf8).contains("Component.self,")
        }
        #expect(lists == [Self.root])
    }
}
