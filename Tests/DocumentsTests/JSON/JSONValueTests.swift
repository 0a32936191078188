import Documents
import Foundation
import Testing

@Suite struct JSONValueTests {
    @Test(arguments: [
        ("null", "null"), (" true ", "true"), ("[]", "[]"), ("{}", "{}"), ("\"\\u00e9\\n\"", "\"é\\n\""),
        ("\"\\ud83d\\ude00\"", "\"😀\""), ("\"\\ud83d\"", "\"\u{FFFD}\""), ("\"\\ud83d\\u0041\"", "\"\u{FFFD}A\""),
        ("\"\\/\\b\\f\\u0001\"", "\"/\\u0008\\u000c\\u0001\""),
        ("{\"b\":1,\"a\":[1,{\"d\":null,\"c\":false}]}", "{\"a\":[1,{\"c\":false,\"d\":null}],\"b\":1}"),
        ("{\"a\":1,\"a\":2}", "{\"a\":2}"), ("\u{FEFF}1", "1"),
    ])
    func `reads and writes in one order`(text: String, canonical: String) throws {
        #expect(String(decoding: try JSONValue(parsing: text).compact, as: UTF8.self) == canonical)
    }

    /// Texts that a `Double` or an `Int` would change.
    @Test(arguments: [
        "18446744073709551615", "7312477732611080510", "1e21", "1E+2", "0.1", "0.10", "1.0", "-0", "-0.0",
        "3.141592653589793238462643383279", "1e-400",
    ])
    func `keeps numbers as they were written`(number: String) throws {
        #expect(String(decoding: try JSONValue(parsing: "[\(number)]").compact, as: UTF8.self) == "[\(number)]")
    }

    /// From RFC 8259's grammar: texts that must be refused.
    @Test(arguments: [
        "", " ", "[", "{", "[1", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "'a'", "\"a", "\"\\x\"",
        "\"\\u12\"", "\"\\u12g4\"", "\"\u{01}\"", "01", "1.", ".1", "1e", "+1", "-", "--1", "0x1", "NaN", "Infinity",
        "tru", "nul", "true false", "[1]]", "\u{00A0}1",
    ])
    func `the parser refuses invalid JSON`(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test func `refuses bytes that are not UTF-8`() {
        #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xC3, 0x22]) }
    }

    @Test func `says where it stopped`() {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "{\"a\": [1, x]}") }
        #expect(error?.offset == 10)
    }

    @Test func `the parser refuses JSON that is nested too deep`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try JSONValue(parsing: nested(JSONValue.greatestDepth))
        #expect(throws: JSONError.self) { try JSONValue(parsing: nested(JSONValue.greatestDepth + 1)) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: nested(1_000_000)) }
    }

    /// 200 MB of empty lists took 1.9 GB.
    @Test(arguments: [("[]", JSONValue.greatestWeight), ("{}", JSONValue.greatestWeight / 5), ("0", 4_000_000)])
    func `the parser refuses more values than memory allows`(_ value: String, _ most: Int) throws {
        func list(_ count: Int) -> [UInt8] {
            Array("[\(repeatElement(value, count: count).joined(separator: ","))]".utf8)
        }
        #expect(throws: JSONError.self) { try JSONValue(parsing: list(most)) }
        #expect(try JSONValue(parsing: list(most / 100)).array?.count == most / 100)
        // Values that are not kept cost nothing.
        let document = Array("{\"a\":".utf8) + list(most) + Array(",\"b\":1}".utf8)
        #expect(try JSONValue(parsing: document, keeping: ["b"]) == ["b": 1])
    }

    @Test func `of members with the same name the last one counts`() throws {
        #expect(try JSONValue(parsing: #"{"a":{"b":1,"b":2},"a":{"b":3,"c":{},"b":4}}"#) == ["a": ["b": 4, "c": [:]]])
    }

    @Test func `members come in the order of their names' bytes`() throws {
        let names = [
            "", "\u{0}", "\u{0}\u{0}", "A", "a", "a\u{0}", "aa", "dashboar", "dashboar\u{0}", "dashboard",
            "dashboardUid",
            "dashboards", "z", "\u{e9}", "\u{ff5e}", "\u{1f600}",
        ]
        let value = JSONValue.object(Dictionary(uniqueKeysWithValues: names.shuffled().map { ($0, .null) }))
        var expected: [UInt8] = []
        for name in names {
            expected += expected.isEmpty ? [UInt8(ascii: "{")] : [UInt8(ascii: ",")]
            JSONValue.write(name, into: &expected)
            expected += ":null".utf8
        }
        #expect(value.compact == expected + [UInt8(ascii: "}")])
    }

    @Test func `documents are for people and diffs`() throws {
        let value = try JSONValue(parsing: #"{"b":[1,2],"a":{},"c":{"x":"y"}}"#)
        let text = """
            {
              "a": {},
              "b": [
                1,
                2
              ],
              "c": {
                "x": "y"
              }
            }

            """
        #expect(String(decoding: value.document, as: UTF8.self) == text)
        #expect(try JSONValue(parsing: value.document) == value)
    }

    /// Foundation's independent reader finds the same values in our output.
    @Test func `agrees with foundation`() throws {
        let source = #"{"text":"a\"b\\c\u0000é😀","list":[1,-2.5,true,null,{"k":"v"}],"empty":"","n":{"":0}}"#
        let written = try JSONValue(parsing: source).document
        let ours = try #require(JSONSerialization.jsonObject(with: Data(written)) as? NSDictionary)
        let theirs = try #require(JSONSerialization.jsonObject(with: Data(source.utf8)) as? NSDictionary)
        #expect(ours == theirs)
    }

    @Test func `the parser skips members that the caller did not request`() throws {
        let text =
            #"{"a":1,"list":[1,"x",{"a":2,"b":[]}],"b":{"a":[3],"c":"é"},"esc":"\u0041\"","a":4,"n":-1e5,"t":true}"#
        let whole = try JSONValue(parsing: text)
        let some = try JSONValue(parsing: Array(text.utf8), keeping: ["a", "b", "missing"])
        #expect(some == ["a": 4, "b": try #require(whole["b"])])
        let array = Array(#"[{"a":1}]"#.utf8)
        #expect(
            try JSONValue(parsing: array, keeping: ["b"]) == [["a": 1]], "only an object on the outside has a choice")
    }

    @Test(arguments: [
        #"{"x":[1,}"#, #"{"x":{"y"}}"#, #"{"x":"\q"}"#, #"{"x":01}"#, #"{"x":tru}"#, #"{"x":"a"#, #"{"x":1"#,
    ])
    func whatIsReadOverMustBeJSONAsWell(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8), keeping: ["a"]) }
    }

    @Test func whatIsReadOverMustBeUTF8() {
        let bytes = Array(#"{"x":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
        #expect(throws: JSONError.self) { try JSONValue(parsing: bytes, keeping: ["a"]) }
    }

    @Test func `members are changed in place`() {
        var value: JSONValue = ["a": 1, "b": ["c": true]]
        value["a"] = "x"
        value["b"]?["c"] = nil
        value["d"] = nil
        #expect(value == ["a": "x", "b": [:]])
        #expect(value.removing(["a", "z"]) == ["b": [:]])
    }

    @Test(arguments: [("3", 3), ("3.0", 3), ("\"12\"", 12), ("1e2", 100), ("3.5", nil), ("\"x\"", nil), ("true", nil)])
    func `integers`(text: String, number: Int?) throws { #expect(try JSONValue(parsing: text).integer == number) }
}
