internal import Cryptography
internal import Documents

extension PackIndex {
    /// The document without its seal, in the same format as `JSONEncoder` with sorted keys.
    ///
    /// Indexes are most of the JSON of a repository, one object for each file, and the general encoder took as long for
    /// them as the SHA-256 of the files.
    var text: [UInt8] {
        var text = ObjectText(capacity: 512 + gzip.count * 20 + members.count * 400)
        text.object {
            $0.member("component", component)
            $0.member("format", format)
            $0.member("gzip", gzip) { pair, text in text.array(pair) { $1.number($0) } }
            $0.member("kind", kind)
            $0.member("members", members) { $0.write(to: &$1) }
            $0.member("object") { $0.object { object.write(to: &$0) } }
            $0.member("pack", pack)
        }
        return text.bytes
    }
}

extension PackIndex.StoredObject {
    fileprivate func write(to text: inout ObjectText) {
        text.member("envelope", envelope)
        text.member("sha256", sha256)
        text.member("size", size)
    }
}

extension PackIndex.Member {
    fileprivate func write(to text: inout ObjectText) {
        text.object {
            $0.member("at", at)
            if let from {
                $0.member("from") {
                    $0.object {
                        $0.member("member", from.member)
                        $0.member("pack", from.pack)
                    }
                }
            }
            $0.member("gid", gid)
            $0.member("headers", headers)
            $0.member("inode", inode)
            $0.member("mode", mode)
            $0.member("mtime", mtime)
            $0.member("offset", offset)
            $0.member("path", path)
            $0.member("path64", path64)
            $0.member("sha256", sha256)
            $0.member("size", size)
            if let sparse { $0.member("sparse") { $0.bytes += (sparse ? "true" : "false").utf8 } }
            $0.member("target", target)
            $0.member("target64", target64)
            if let time { $0.member("time", time) { $1.number($0) } }
            $0.member("type", type)
            $0.member("uid", uid)
        }
    }
}

/// JSON text, written from start to end. Absent values have no member.
private struct ObjectText {
    var bytes: [UInt8] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func object(_ content: (inout ObjectText) -> Void) {
        bytes.append(UInt8(ascii: "{"))
        content(&self)
        bytes.append(UInt8(ascii: "}"))
    }

    mutating func array<Element>(_ elements: [Element], _ write: (Element, inout ObjectText) -> Void) {
        bytes.append(UInt8(ascii: "["))
        for element in elements {
            separate()
            write(element, &self)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    mutating func member(_ name: StaticString, _ value: (inout ObjectText) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        value(&self)
    }

    mutating func member<Element>(
        _ name: StaticString, _ elements: [Element], each write: (Element, inout ObjectText) -> Void
    ) {
        member(name) { $0.array(elements, write) }
    }

    mutating func member(_ name: StaticString, _ value: (some FixedWidthInteger)?) {
        if let value { member(name) { $0.number(value) } }
    }

    mutating func member(_ name: StaticString, _ value: String?) {
        if let value { member(name) { JSONValue.write(value, into: &$0.bytes) } }
    }

    mutating func member(_ name: StaticString, _ value: Digest?) {
        guard let value else { return }
        member(name) {
            $0.bytes.append(UInt8(ascii: "\""))
            $0.bytes.append(hexOf: value.bytes)
            $0.bytes.append(UInt8(ascii: "\""))
        }
    }

    mutating func number(_ value: some FixedWidthInteger) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        var rest = UInt64(value.magnitude)
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    /// Adds a comma, unless this is the first value in its object or array.
    private mutating func separate() {
        switch bytes.last {
        case UInt8(ascii: "{"), UInt8(ascii: "["): break
        default: bytes.append(UInt8(ascii: ","))
        }
    }
}
