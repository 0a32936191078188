import BackupRepository
import S3
import Testing

@testable import Bucket

/// The paths of keys in a backup.
@Suite struct ObjectPathTests {
    private static let longPart = String(repeating: "x", count: 1000)
    private static let longText = String(repeating: "é", count: 500)

    /// Keys with what S3 allows and a file system does not.
    private static let keys = [
        "a", "fake/1a2b/19a:19b:8ef0e997", "index/index_20780/1-c.tsdb.gz", "", "/", "//", "/a", "a/", "a//", "a//b",
        "a///b", ".", "..", "...", "./a", "../a", "a/..", "a/../b", "a/./b", "../../etc/passwd", "/etc/passwd", "%",
        "%%", "%25", "a%", "a%2", "a%2F", "%/a", "a/%", "a/%-", "%-", "%-/a", "a%-/b", "\u{1}", "a\nb", "a\tb\u{7F}",
        "\\", "a\\b", "a b", " ", "ü", "u\u{308}", "日本", "👩‍👩‍👧", "a:b", "a*?\"<>|b", "-", "--", "a+b=c&d", longPart,
        "\(longPart)/\(longPart)", longText, "%" + longPart, longPart + "%", "~", "con", "a.", "a ",
        "a\u{0}b", "\u{0}", "A", "A/", String(repeating: "x", count: 1024), String(repeating: "\u{1}", count: 1024),
        String(repeating: "/", count: 1024), String(repeating: "../", count: 341),
    ]

    @Test(arguments: keys)
    func `a key comes back from its path`(key: String) {
        let key = BucketKey(key)
        for isFolder in [false, true] {
            let path = ObjectPath.path(of: key, isFolder: isFolder)
            #expect(ObjectPath.key(of: path) == key)
            #expect(Self.isSafe(path), "\(String(decoding: path, as: UTF8.self))")
        }
    }

    @Test func `different keys have different paths`() {
        var paths: [[UInt8]: String] = [:]
        for key in Self.keys {
            for isFolder in [false, true] {
                let path = ObjectPath.path(of: BucketKey(key), isFolder: isFolder)
                #expect(paths.updateValue(key, forKey: path) == nil, "\(key)")
            }
        }
    }

    /// Thousands of keys out of the characters that matter, of which many are nearly the same.
    @Test func `no key of hostile characters breaks the rule`() {
        let signs = ["a", "/", "%", ".", "-", "2", "5", "F", "é", "\u{1}", String(repeating: "b", count: 130)]
        var state: UInt64 = 7
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var paths: [[UInt8]: [UInt8]] = [:]
        for _ in 0..<4_000 {
            let key = BucketKey((0..<1 + next(7)).map { _ in signs[next(signs.count)] }.joined())
            for isFolder in [false, true] {
                let path = ObjectPath.path(of: key, isFolder: isFolder)
                #expect(ObjectPath.key(of: path) == key)
                #expect(Self.isSafe(path))
                let known = paths.updateValue(key.bytes, forKey: path)
                #expect(known == nil || known == key.bytes)
            }
        }
    }

    @Test(arguments: [
        "", "/", "a/", "/a", "a//b", ".", "..", "a/..", "%2f", "%2F%", "a%2", "a%", "%zz", "%41", "a%-", "%-/a", "a%-/",
        "%%%", "%/%-",
    ])
    func `a path that no key has is refused`(path: String) {
        // `a%` is the path of the key `a` beside `a/b`.
        #expect(ObjectPath.key(of: Array(path.utf8)) == (path == "a%" ? BucketKey("a") : nil))
    }

    @Test func `usual keys are their own paths`() {
        for key in ["fake/1a2b/19a:19b:8ef0e997", "01ARZ3NDEKTSV4RRFFQ69G5FAV/chunks/000001", "a b/ü.json"] {
            #expect(ObjectPath.path(of: BucketKey(key)) == Array(key.utf8))
        }
    }

    @Test func `bytes that are not UTF-8 are kept`() {
        for bytes: [UInt8] in [[0xFF], [0xC3], [0x61, 0xE2, 0x82], [0xF0, 0x9F, 0x2F, 0x41]] {
            #expect(ObjectPath.key(of: ObjectPath.path(of: BucketKey(bytes))) == BucketKey(bytes))
        }
    }

    /// What a file system and a restore accept.
    private static func isSafe(_ path: [UInt8]) -> Bool {
        let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return !path.contains(0)
            && parts.allSatisfy { part in
                (1...255).contains(part.count) && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
            }
    }
}
