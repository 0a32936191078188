internal import Cryptography
internal import Foundation

/// A write-ahead log in the format of Loki and Prometheus: segments with checksummed records in pages of 32 KiB. Each
/// start begins a new segment.
struct LokiLog {
    private static let page = 32 << 10
    private static let header = 7
    private let folder: URL
    private let segment: URL

    /// - Parameter folder: the folder, which is created if it is missing.
    init(_ folder: URL) throws {
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let next = (Self.segments(folder).compactMap { Int($0) }.max() ?? -1) + 1
        segment = folder.appending(path: String("\(100_000_000 + next)".dropFirst()))
        try Data().write(to: segment)
    }

    func append(_ record: [UInt8]) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        guard let stream = fopen(segment.path, "a") else { throw LabError("cannot write '\(segment.path)'") }
        defer { fclose(stream) }
        fseek(stream, 0, SEEK_END)
        var place = ftell(stream)
        var bytes: [UInt8] = []
        var rest = record[...]
        var isFirst = true
        repeat {
            let left = Self.page - place % Self.page
            if left <= Self.header {
                bytes += [UInt8](repeating: 0, count: left)
                place += left
                continue
            }
            let part = rest.prefix(left - Self.header)
            rest = rest.dropFirst(part.count)
            bytes.append(isFirst ? (rest.isEmpty ? 1 : 2) : (rest.isEmpty ? 4 : 3))
            bytes.append(big: UInt64(part.count), 2)
            bytes.append(big: UInt64(CRC32C.checksum(Array(part).span.bytes)), 4)
            bytes += part
            place += Self.header + part.count
            isFirst = false
        } while !rest.isEmpty
        guard fwrite(bytes, 1, bytes.count, stream) == bytes.count else {
            throw LabError("cannot write '\(segment.path)'")
        }
    }

    private static func segments(_ folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
            .filter { $0.count == 8 && Int($0) != nil }.sorted()
    }

    /// Returns all complete records. As in Loki, records after a damaged one are ignored, and a log with a missing
    /// segment has no records.
    static func records(in folder: URL) -> [[UInt8]] {
        var records: [[UInt8]] = []
        let names = segments(folder)
        let numbers = names.compactMap { Int($0) }
        guard zip(numbers, numbers.dropFirst()).allSatisfy({ $0 + 1 == $1 }) else { return [] }
        for name in names {
            guard let data = try? Data(contentsOf: folder.appending(path: name)) else { return records }
            let bytes = [UInt8](data)
            var (place, record) = (0, [UInt8]())
            while place + header <= bytes.count {
                let left = page - place % page
                if left < header || bytes[place] == 0 {
                    place += left
                    continue
                }
                let length = bytes.big(at: place + 1, 2)
                guard place + header + length <= bytes.count else { break }
                let content = Array(bytes[place + header..<place + header + length])
                guard Int(CRC32C.checksum(content.span.bytes)) == bytes.big(at: place + 3, 4) else { return records }
                record += content
                if bytes[place] & 7 == 1 || bytes[place] & 7 == 4 {
                    records.append(record)
                    record = []
                }
                place += header + length
            }
        }
        return records
    }
}
