import Testing

@testable import Documents

@Suite struct YAMLComposerTests {
    @Test(arguments: [
        ("yes", YAMLTag.bool), ("Off", .bool), ("true", .bool), ("y", .str), ("~", .null), ("", .null), ("null", .null),
        ("12", .int), ("-0x1F", .int), ("0b101", .int), ("1_000", .int), ("190:20:30", .int), ("08", .float),
        ("6.8523015e+5", .float), (".inf", .float), ("-.INF", .float), (".NaN", .float), ("190:20:30.15", .float),
        ("1.2.3", .str), ("1h", .str), ("-", .str), (".", .str), ("2001-12-14", .timestamp),
        ("2001-12-14t21:59:43.10-05:00", .timestamp), ("2001-12-14 21:59:43.10 -5", .timestamp), ("<<", .merge),
        ("=", .value), ("12 ", .str),
    ]) func `a plain scalar has the type of its text`(_ text: String, _ tag: YAMLTag) {
        #expect(YAMLTag(ofPlain: text) == tag)
    }

    @Test func `quoted scalars are text, and tags count`() throws {
        let node = try #require(try YAMLComposer.document("{a: '12', b: !!str 12, c: 12}"))
        #expect(node["a"]?.tag == .str)
        #expect(node["b"]?.tag == .str)
        #expect(node["c"]?.tag == .int)
        #expect(node["c"]?.mark == YAMLMark(line: 1, column: 27))
    }

    @Test func `aliases are replaced by their values`() throws {
        let node = try #require(try YAMLComposer.document("a: &x [1, 2]\nb: *x\n"))
        #expect(node["a"] == node["b"])
    }

    @Test(arguments: [
        ("a: *x", "found undefined alias"), ("a: [1", "did not find expected ',' or ']'"),
        ("--- a\n--- b\n", "expected a single document in the stream, found another"),
        (String(repeating: "[", count: 600), "more than 512 mappings and lists in each other"),
        (String(repeating: "- ", count: 600) + "x", "more than 512 mappings and lists in each other"),
    ]) func `a wrong text is refused`(_ text: String, _ problem: String) {
        let error = #expect(throws: YAMLError.self) { _ = try YAMLComposer.document(text) }
        #expect(error?.problem == problem)
    }

    @Test func `bytes that are no YAML are refused`() {
        let error = #expect(throws: YAMLError.self) { _ = try YAMLComposer.document("a: \u{1}") }
        #expect(error?.mark == nil)
    }

    @Test func `repeated keys are named`() {
        let error = #expect(throws: YAMLError.self) { _ = try YAMLComposer.document("b: 1\nc: 2\nb: 3\n") }
        #expect(error?.repeatedKeys == ["b"])
    }

    @Test func `documents of a stream come in order`() throws {
        #expect(try YAMLComposer.documents("a\n---\nb\n").map { $0.scalar?.string } == ["a", "b"])
        #expect(throws: YAMLError.self) { _ = try YAMLComposer.documents("a\n---\n[\n") }
    }

    @Test(arguments: [
        "a: 1\nb: [x, 'yes', \"null\"]\nc:\n- {d: 1.5}\n- |\n  two\n  lines\n", "'12': !mine x\n",
        "- ''\n- ' x'\n- é🙂\n",
    ]) func `written nodes are read again`(_ text: String) throws {
        let node = try #require(try YAMLComposer.document(text))
        let written = try #require(YAMLEmitter.text(of: node))
        #expect(try YAMLComposer.document(written) == node)
    }
}
