import Testing

@testable import S3

@Suite struct XMLElementTests {
    private func parse(_ text: String) -> XMLElement? { XMLElement.parse(Array(text.utf8)) }

    @Test func `elements have text and children without prefixes and attributes`() throws {
        let root = try #require(
            parse(
                """
                  \n<?xml version="1.0" encoding="UTF-8"?><!-- a listing -->
                <s3:List xmlns:s3="http://s3" xsi:type='a > b'><Key>a&amp;b&#x20AC;&#10;<![CDATA[<c>]]></Key><Empty/>
                <Contents><Key>d</Key></Contents><Contents><Key>é</Key></Contents ></s3:List> <!-- end -->
                """))
        #expect(root.name == "List" && root.value("Key") == "a&b€\n<c>" && root.value("Empty") == "")
        #expect(root.all("Contents").map { $0.value("Key") } == ["d", "é"])
    }

    @Test(arguments: [
        "", "text", "<a>", "<a></b>", "<a></a><b></b>", "<a b></a>", "<a b=c></a>", "<a b='<'></a>", "<a>&x;</a>",
        "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&amp</a>", "<a><![CDATA[</a>", "<a><!-- </a>", "<!DOCTYPE a><a/>",
        "<a/>text", "< a/>", "<a", "<a/", "</a>", "<a>&\(String(repeating: "x", count: 1000));</a>",
    ])
    func `a document that is not well-formed has no elements`(text: String) {
        #expect(parse(text) == nil)
    }

    /// Foundation's parser ended the program for such an attribute.
    @Test func `bytes that are not UTF-8 have no elements`() {
        #expect(XMLElement.parse(Array("<a b='".utf8) + [0xFF, 0xC3] + Array("'>text</a>".utf8)) == nil)
    }

    @Test func `depth and number of elements are limited`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        #expect(parse(nested(32)) != nil)
        #expect(parse(nested(33)) == nil && parse(nested(100_000)) == nil)
        #expect(parse("<a>\(String(repeating: "<b/>", count: 199_999))</a>") != nil)
        #expect(parse("<a>\(String(repeating: "<b/>", count: 200_000))</a>") == nil)
    }
}
