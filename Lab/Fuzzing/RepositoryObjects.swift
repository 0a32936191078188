internal import Archiving
internal import Cryptography
internal import Documents
internal import ObjectStorage

/// The objects of a repository as one input: for each a line with its key and size, then its bytes.
struct RepositoryObjects {
    var objects: [ObjectKey: [UInt8]]

    init(_ objects: [ObjectKey: [UInt8]]) { self.objects = objects }

    /// Reads an input. Bytes that are not an object end it.
    init(reading input: [UInt8]) {
        objects = [:]
        var rest = input[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
            guard words.count == 2, let key = ObjectKey(String(words[0])), let size = Int(words[1]), size >= 0,
                size <= rest.endIndex - end - 1
            else { return }
            objects[key] = Array(rest[(end + 1)..<(end + 1 + size)])
            rest = rest[(end + 1 + size)...]
        }
    }

    var bytes: [UInt8] {
        objects.sorted { $0.key < $1.key }.reduce(into: []) { bytes, object in
            bytes += Array("\(object.key) \(object.value.count)\n".utf8) + object.value
        }
    }

    // MARK: Documents

    /// The keys of all documents that are readable without a key.
    var documents: [ObjectKey] { objects.keys.filter { document($0) != nil }.sorted() }

    /// Returns the content of a document without its seal.
    func document(_ key: ObjectKey) -> JSONText? {
        guard var bytes = objects[key] else { return nil }
        if key.text.hasSuffix(".gz") {
            guard key.text.hasSuffix(Self.index), let plain = try? GzipStream.decode(bytes, limit: 64 << 20) else {
                return nil
            }
            bytes = plain
        }
        guard bytes.count > Self.sealLength, let content = try? JSONValue(parsing: bytes) else { return nil }
        return JSONText(content.removing(["sha256"]))
    }

    /// Seals a document again, stores it, and enters its new hash in the documents that name it, up to the sets.
    mutating func replace(_ key: ObjectKey, with document: JSONText) {
        var bytes = Self.sealed(document)
        if key.text.hasSuffix(Self.index) { bytes = Self.compressed(bytes) }
        let old = objects[key].map { Digest(of: $0).hex }
        objects[key] = bytes
        if let old { rename(old, to: Digest(of: bytes).hex, below: key) }
    }

    /// Replaces a hash in the documents that can name `key`.
    private mutating func rename(_ old: String, to new: String, below key: ObjectKey) {
        let namers = objects.keys.filter { other in
            key.text.contains("/packs/") && other.text.contains("/backups/")
                || key.text.contains("/backups/") && other.text.hasPrefix("sets/") && other.text.hasSuffix(".json")
        }
        for namer in namers.sorted() {
            guard let bytes = objects[namer] else { continue }
            let text = String(decoding: bytes.dropLast(Self.sealLength), as: UTF8.self)
            guard text.contains(old) else { continue }
            let before = Digest(of: bytes).hex
            let changed = Self.sealed(Array((text.replacing(old, with: new) + "}").utf8))
            objects[namer] = changed
            rename(before, to: Digest(of: changed).hex, below: namer)
        }
    }

    private static let index = ".index.json.gz"
    /// `,\n"sha256":"` + 64 digits + `"}\n`.
    private static let sealLength = 79

    static func sealed(_ document: JSONText) -> [UInt8] { sealed(document.bytes) }

    private static func sealed(_ document: [UInt8]) -> [UInt8] {
        let content = document.last == UInt8(ascii: "}") ? Array(document.dropLast()) : document
        return content + Array(",\n\"sha256\":\"\(Digest(of: content).hex)\"}\n".utf8)
    }

    static func compressed(_ plain: [UInt8]) -> [UInt8] {
        var gzip = GzipEncoder()
        var stored: [UInt8] = []
        for start in stride(from: 0, to: plain.count, by: GzipEncoder.maximumMember) {
            let end = min(start + GzipEncoder.maximumMember, plain.count)
            gzip.encode(plain.span.bytes.extracting(start..<end), into: &stored)
        }
        return stored
    }
}
