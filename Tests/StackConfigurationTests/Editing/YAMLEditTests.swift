import Documents
import Testing

@testable import StackConfiguration

@Suite struct YAMLEditTests {
    private static let place = ["store", "recipients"]

    /// Lists in every notation, with the text after an addition.
    private static let additions: [(String, String)] = [
        ("store: {url: x, recipients: [a.crt]} # s\n", "store: {url: x, recipients: [new.crt, a.crt]} # s\n"),
        ("store: {url: x}\n", "store: {recipients: [new.crt], url: x}\n"),
        ("store:\n  url: x # u\n  # r\nend: 1\n", "store:\n  recipients: [new.crt]\n  url: x # u\n  # r\nend: 1\n"),
        ("# ä\nstore:\n  recipients: [] # none\n", "# ä\nstore:\n  recipients: [new.crt] # none\n"),
        (
            "store:\n  recipients:\n    # ours\n    - a.crt # first\n    - b.crt\n",
            "store:\n  recipients:\n    # ours\n    - new.crt\n    - a.crt # first\n    - b.crt\n"
        ),
        ("store:\n  recipients:\n  - a.crt\n  url: x\n", "store:\n  recipients:\n  - new.crt\n  - a.crt\n  url: x\n"),
    ]

    @Test(arguments: additions) func `an item is added and every other line stays`(_ old: String, _ new: String) throws
    {
        var edit = YAMLEdit(old, file: "dr.yaml")
        try edit.add("new.crt", toListAt: Self.place)
        #expect(edit.text == new)
        #expect(edit.differsOnly(at: Self.place))
    }

    private static let removals: [(String, Int, String)] = [
        ("store: {recipients: [a, b, c]}\n", 0, "store: {recipients: [b, c]}\n"),
        ("store: {recipients: [a, b, c]}\n", 1, "store: {recipients: [a, c]}\n"),
        ("store: {recipients: [a, b , c ]} # k\n", 2, "store: {recipients: [a, b]} # k\n"),
        ("store: {recipients: [\"a, ]\", 'it''s']}\n", 0, "store: {recipients: ['it''s']}\n"),
        ("store: {recipients: [a,\n  b]}\n", 1, "store: {recipients: [a]}\n"),
        (
            "store:\n  recipients:\n    - a # one\n    # two\n    - b\n", 0,
            "store:\n  recipients:\n    # two\n    - b\n"
        ),
        ("store:\n  recipients:\n    - a\n    - b", 1, "store:\n  recipients:\n    - a\n"),
    ]

    @Test(arguments: removals)
    func `an item is removed and every other line stays`(_ old: String, _ index: Int, _ new: String) throws {
        var edit = YAMLEdit(old, file: "dr.yaml")
        try edit.remove(itemAt: index, ofListAt: Self.place)
        #expect(edit.text == new)
        #expect(edit.differsOnly(at: Self.place))
    }

    private static let keys: [(String, String)] = [
        ("trust: [{fingerprint: ab}]\n", "trust: [{revoked: 2026-12-01, fingerprint: ab}]\n"),
        (
            "trust:\n  - fingerprint: ab # x\n    roles: [backup]\n",
            "trust:\n  - revoked: 2026-12-01\n    fingerprint: ab # x\n    roles: [backup]\n"
        ),
    ]

    @Test(arguments: keys) func `a key is added to a mapping in a list`(_ old: String, _ new: String) throws {
        var edit = YAMLEdit(old, file: "dr.yaml")
        try edit.add(key: "revoked", source: "2026-12-01", toItemAt: 0, ofListAt: ["trust"])
        #expect(edit.text == new)
        #expect(edit.differsOnly(at: ["trust"]))
    }

    @Test(arguments: [
        "store: {recipients: a.crt}\n", "store:\n  recipients:\n", "store: &x {recipients: *y}\n", "[1]\n", "a: b\n",
    ])
    func `a place that cannot be changed is refused`(_ text: String) {
        var edit = YAMLEdit(text, file: "dr.yaml")
        #expect(throws: DocumentError.self) { try edit.add("new.crt", toListAt: Self.place) }
    }

    @Test func `a change of another value is noticed`() throws {
        var edit = YAMLEdit("store: {recipients: [a], url: x}\n", file: "dr.yaml")
        try edit.add(key: "region", source: "y", toMappingAt: ["store"])
        #expect(!edit.differsOnly(at: Self.place))
    }

    private struct Recipients: Section {
        var items: [String] = []
        static let keys: [Key<Self>] = [Key("recipients", \.items, as: .list(of: .text), about: "")]
    }

    @Test(arguments: ["a.crt", "keys/r 1.crt", "-x", "a: b", "ümlaut", "a,b]", "\"q\"", "#c", "true.crt:", "*a", "\\"])
    func `every path survives as a scalar`(_ path: String) throws {
        for list in ["[a]", "\n  - a"] {
            var edit = YAMLEdit("recipients: \(list)\n", file: "dr.yaml")
            try edit.add(path, toListAt: ["recipients"])
            let read = try YAMLDocument(edit.text, file: "dr.yaml", folder: "/").section(Recipients.self)
            #expect(read.items == [path, "a"])
        }
    }
}
