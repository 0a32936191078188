import Documents
import Testing

@testable import NamespaceObjects

@Suite struct ObjectDifferenceTests {
    @Test(arguments: [
        ("{\"a\":1}", "{\"a\":1,\"b\":2}", true, "b is not in the backup"),
        ("{\"a\":1,\"b\":[]}", "{\"a\":1}", true, ""),
        ("{\"a\":1}", "{\"a\":2}", false, "a: 2, in the backup 1"),
        ("{\"a\":1}", "{}", false, "a is missing"),
        (
            "{\"l\":[{\"name\":\"x\",\"v\":1},{\"name\":\"y\"}]}",
            "{\"l\":[{\"name\":\"y\"},{\"name\":\"x\",\"v\":2}]}", false,
            "l.1.v: 2, in the backup 1"
        ),
        ("{\"l\":[1,2]}", "{\"l\":[2,1]}", false, "l: [2,1], in the backup [1,2]"),
        ("{\"l\":[{\"name\":\"x\"}]}", "{\"l\":[{\"name\":\"s\"},{\"name\":\"x\"}]}", true, "l.0 is not in the backup"),
    ]) func `an object with more fields covers the document`(
        _ stored: String, _ present: String, isCovered: Bool, text: String
    ) throws {
        let difference = ObjectDifference(
            stored: try JSONValue(parsing: stored), present: try JSONValue(parsing: present))
        #expect(difference.isCovered == isCovered)
        #expect(difference.text(hidesValues: false) == text)
    }

    @Test func `a Secret's values are not shown`() throws {
        let difference = ObjectDifference(
            stored: ["data": ["password": "b2xk"]], present: ["data": ["password": "bmV3"]])
        #expect(difference.text(hidesValues: true) == "data.password differs")
    }

    @Test func `extra elements are removed behind those before them, and metadata stays`() throws {
        let stored = try JSONValue(parsing: "{\"metadata\":{},\"l\":[{\"name\":\"x\"}]}")
        let present = try JSONValue(
            parsing:
                "{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"a/b~c\":1,\"l\":[{\"name\":\"q\"},{\"name\":\"x\",\"v\":1},{\"name\":\"z\"}]}"
        )
        let removal = ObjectDifference(stored: stored, present: present).removal
        #expect(removal.compactMap { $0["path"]?.text } == ["/l/2", "/l/1/v", "/l/0", "/a~1b~0c"])
    }
}
