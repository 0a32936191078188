package import Foundation

/// A bolt file with one bucket of keys, as bbolt writes it.
///
/// Each transaction writes a new tree to pages that the previous tree does not use, and then one of the two meta pages
/// in turn. The code is written from the description of the format, independently of `dr`'s reader, so that the two
/// verify each other.
package final class BoltFile {
    private static let pageSize = 4096
    private static let magic: UInt64 = 0xED0C_DAED
    private static let (branch, leaf, meta, list) = (UInt64(1), UInt64(2), UInt64(4), UInt64(16))

    private let path: String
    private let bucket: String
    private var keys: Set<String>
    /// The pages of the newest tree and of the previous one, which readers may still use.
    private var pages: [Int] = []
    private var free: Set<Int> = []
    private var end = 2
    private var transaction = 0

    /// Creates the file, or rewrites an existing file with its keys.
    package init(_ file: URL, bucket: String) throws {
        path = file.path
        self.bucket = bucket
        keys = Set((try? Data(contentsOf: file)).flatMap { Self.keys(in: [UInt8]($0), bucket: bucket) } ?? [])
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data().write(to: file)
        // Both meta pages must be valid from the start.
        try put([])
        try put([])
    }

    /// Adds keys in one transaction.
    /// - Parameter beforeMeta: called after all pages are written and before their meta page is.
    package func put(_ added: [String], beforeMeta: () throws -> Void = {}) throws {
        guard let stream = fopen(path, "r+") else { throw LabError("cannot write '\(path)'") }
        defer { fclose(stream) }
        func write(_ bytes: [UInt8], page: Int) throws {
            guard fseek(stream, page * Self.pageSize, SEEK_SET) == 0,
                fwrite(bytes, 1, bytes.count, stream) == bytes.count, fflush(stream) == 0
            else { throw LabError("cannot write '\(path)'") }
        }
        keys.formUnion(added)
        transaction += 1
        let old = pages
        pages = []
        var nodes = try tree(keys.sorted(), write)
        let bucketRoot = nodes[0].page
        nodes = []
        let root = allocate()
        try write(Self.page(root, Self.leaf, [(bucket, 1, Self.little(bucketRoot, 8) + Self.little(0, 8))]), page: root)
        // One page is sufficient for the list, because the files are small.
        let freelist = allocate()
        let unused = free.union(old).sorted()
        var content = Self.header(freelist, Self.list, count: unused.count)
        for page in unused { content += Self.little(page, 8) }
        try write(Self.filled(content), page: freelist)
        try beforeMeta()
        let number = transaction % 2
        var fields = Self.little(Int(Self.magic), 4) + Self.little(2, 4) + Self.little(Self.pageSize, 4)
        fields += Self.little(0, 4) + Self.little(root, 8) + Self.little(0, 8) + Self.little(freelist, 8)
        fields += Self.little(end, 8) + Self.little(transaction, 8)
        let checksum = fields.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        fields += (0..<8).map { UInt8(truncatingIfNeeded: checksum >> UInt64(8 * $0)) }
        try write(Self.filled(Self.header(number, Self.meta, count: 0) + fields), page: number)
        free.formUnion(old)
    }

    /// Writes a tree.
    /// - Returns: the root page.
    private func tree(
        _ keys: [String], _ write: ([UInt8], Int) throws -> Void
    ) throws -> [(key: String, page: Int)] {
        var level: [(key: String, page: Int)] = []
        var rest = keys[...]
        repeat {
            let part = Self.fitting(rest.map { ($0, 16 + $0.utf8.count) })
            let page = allocate()
            try write(Self.page(page, Self.leaf, rest.prefix(part).map { ($0, 0, []) }), page)
            level.append((rest.first ?? "", page))
            rest = rest.dropFirst(part)
        } while !rest.isEmpty
        while level.count > 1 {
            var above: [(key: String, page: Int)] = []
            var rest = level[...]
            while let first = rest.first {
                let part = Self.fitting(rest.map { ($0.key, 16 + $0.key.utf8.count) })
                let page = allocate()
                try write(Self.branchPage(page, Array(rest.prefix(part))), page)
                above.append((first.key, page))
                rest = rest.dropFirst(part)
            }
            level = above
        }
        return level
    }

    private static func fitting(_ entries: [(String, Int)]) -> Int {
        var room = pageSize - 16
        return entries.prefix { entry in
            room -= entry.1
            return room >= 0
        }.count
    }

    private func allocate() -> Int {
        let page = free.min() ?? end
        if free.remove(page) == nil { end += 1 }
        pages.append(page)
        return page
    }

    // MARK: Pages

    private static func little(_ value: Int, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func header(_ page: Int, _ kind: UInt64, count: Int) -> [UInt8] {
        little(page, 8) + little(Int(kind), 2) + little(count, 2) + little(0, 4)
    }

    private static func filled(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: pageSize - bytes.count)
    }

    private static func page(_ number: Int, _ kind: UInt64, _ entries: [(String, Int, [UInt8])]) -> [UInt8] {
        var (table, content) = ([UInt8](), [UInt8]())
        for (index, (key, flags, value)) in entries.enumerated() {
            let position = 16 * (entries.count - index) + content.count
            table += little(flags, 4) + little(position, 4) + little(key.utf8.count, 4) + little(value.count, 4)
            content += Array(key.utf8) + value
        }
        return filled(header(number, kind, count: entries.count) + table + content)
    }

    private static func branchPage(_ number: Int, _ children: [(key: String, page: Int)]) -> [UInt8] {
        var (table, content) = ([UInt8](), [UInt8]())
        for (index, child) in children.enumerated() {
            let position = 16 * (children.count - index) + content.count
            table += little(position, 4) + little(child.key.utf8.count, 4) + little(child.page, 8)
            content += Array(child.key.utf8)
        }
        return filled(header(number, branch, count: children.count) + table + content)
    }

    // MARK: Reading

    /// Returns the keys of a bucket, read as bbolt does from the valid meta page with the higher transaction.
    /// - Returns: nil if the pages that lead to them are damaged, or there is no such bucket.
    package static func keys(in bytes: [UInt8], bucket: String) -> [String]? {
        func number(_ place: Int, _ width: Int) -> Int {
            guard place >= 0, place + width <= bytes.count else { return -1 }
            let value = bytes[place..<place + width].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return Int(truncatingIfNeeded: value)
        }
        let metas = [0, pageSize].filter { page in
            guard page + 80 <= bytes.count, number(page + 16, 4) == Int(magic) else { return false }
            let checksum = bytes[page + 16..<page + 72].reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
                ($0 ^ UInt64($1)) &* 0x100_0000_01B3
            }
            return Int(truncatingIfNeeded: checksum) == number(page + 72, 8)
        }
        guard let meta = metas.max(by: { number($0 + 64, 8) < number($1 + 64, 8) }) else { return nil }
        func text(_ place: Int, _ length: Int) -> String? {
            guard place >= 0, length >= 0, length <= pageSize, place + length <= bytes.count else { return nil }
            return String(decoding: bytes[place..<place + length], as: UTF8.self)
        }
        func read(_ page: Int, depth: Int) -> [(key: String, value: Int)]? {
            let start = page &* pageSize
            guard depth < 8, page > 1, page < bytes.count / pageSize, number(start, 8) == page else { return nil }
            var found: [(key: String, value: Int)] = []
            for index in 0..<number(start + 10, 2) {
                let place = start + 16 + 16 * index
                if number(start + 8, 2) == Int(leaf) {
                    let position = place + number(place + 4, 4)
                    guard let key = text(position, number(place + 8, 4)) else { return nil }
                    found.append((key, position + key.utf8.count))
                } else if number(start + 8, 2) == Int(branch) {
                    guard let below = read(number(place + 8, 8), depth: depth + 1) else { return nil }
                    found += below
                } else {
                    return nil
                }
            }
            return found
        }
        guard let entry = read(number(meta + 32, 8), depth: 0)?.first(where: { $0.key == bucket }) else { return nil }
        return read(number(entry.value, 8), depth: 0)?.map(\.key)
    }
}
