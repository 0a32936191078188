internal import Archiving
internal import Cryptography
internal import Documents
internal import Foundation

/// Log lines of one stream, and their chunk in Loki's schema v13: format version 4, one gzip block.
///
/// The code is written from the description of the format, independently of `dr`'s reader, so that the two verify each
/// other.
package struct LokiChunk: Sendable {
    package struct Line: Hashable, Sendable {
        /// The time in nanoseconds since 1970.
        package var time: Int
        package var text: [UInt8]

        package init(time: Int, text: [UInt8]) {
            self.time = time
            self.text = text
        }
    }

    package var tenant: String
    package var labels: [String: String]
    package var lines: [Line]

    /// - Parameter lines: one or more lines in the order of their times.
    package init(tenant: String, labels: [String: String], lines: [Line]) {
        self.tenant = tenant
        self.labels = labels
        self.lines = lines
    }

    package struct File: Sendable {
        /// The path relative to the chunks directory.
        package var path: String
        package var bytes: [UInt8]
    }

    // MARK: Writing

    package func file() -> File {
        var gzip = GzipEncoder()
        return file(&gzip)
    }

    /// Encodes the chunk.
    /// - Parameter gzip: an encoder that callers reuse for many chunks.
    func file(_ gzip: inout GzipEncoder) -> File {
        let (from, through) = (lines[0].time / 1_000_000, (lines[lines.count - 1].time + 999_999) / 1_000_000)
        let fingerprint = Self.fingerprint(labels)
        let metadata = Self.metadata(tenant, fingerprint, from, through, labels)
        let data = data(&gzip)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(metadata.count + data.count + 8)
        bytes.append(big: UInt64(metadata.count + 4), 4)
        bytes += metadata
        bytes.append(big: UInt64(data.count), 4)
        bytes += data
        let checksum = CRC32C.checksum(bytes.span.bytes)
        let key = [UInt64(from), UInt64(through), UInt64(checksum)].map { String($0, radix: 16) }
        let name = Data(key.joined(separator: ":").utf8).base64EncodedString()
        return File(path: "\(tenant)/\(String(fingerprint, radix: 16))/\(name)", bytes: bytes)
    }

    /// Returns the fingerprint of a stream. Loki uses xxHash; FNV-1a is sufficient, because only stability matters.
    package static func fingerprint(_ labels: [String: String]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) {
            for byte in Array(name.utf8) + [0xFE] + Array(value.utf8) + [0xFF] {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
        }
        return hash
    }

    private static func metadata(
        _ tenant: String, _ fingerprint: UInt64, _ from: Int, _ through: Int, _ labels: [String: String]
    ) -> [UInt8] {
        var metric = labels.mapValues { JSONValue.string($0) }
        metric["__name__"] = "logs"
        let json: JSONValue = [
            "fingerprint": .number(String(fingerprint)), "userID": .string(tenant), "from": .number(seconds(from)),
            "through": .number(seconds(through)), "metric": .object(metric), "encoding": 129,
        ]
        let plain = json.compact + [0x0A]
        // One uncompressed frame, whose checksum is stored in masked form.
        let crc = CRC32C.checksum(plain.span.bytes)
        var frames: [UInt8] = [0xFF, 6, 0, 0] + Array("sNaPpY".utf8)
        frames += [1] + withUnsafeBytes(of: UInt32(plain.count + 4).littleEndian) { Array($0.prefix(3)) }
        frames += withUnsafeBytes(of: ((crc >> 15 | crc << 17) &+ 0xA282_EAD8).littleEndian) { Array($0) }
        return frames + plain
    }

    private static func seconds(_ milliseconds: Int) -> String {
        var text = "\(milliseconds / 1000).\(String(1000 + milliseconds % 1000).dropFirst())"
        while text.hasSuffix("0") { text.removeLast() }
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    private func data(_ gzip: inout GzipEncoder) -> [UInt8] {
        var entries: [UInt8] = []
        for line in lines {
            entries.append(signed: line.time)
            entries.append(varint: UInt64(line.text.count))
            entries += line.text
            entries += [1, 0]  // no structured metadata: a section with one byte, the count
        }
        var data: [UInt8] = [0x01, 0x2E, 0xE5, 0x6A, 4, 1]
        func section(_ bytes: [UInt8]) {
            data += bytes
            data.append(big: UInt64(CRC32C.checksum(bytes.span.bytes)), 4)
        }
        var symbols: [UInt8] = [0]
        gzip.encode([UInt8]().span.bytes, into: &symbols)
        section(symbols)
        let block = data.count
        var squeezed: [UInt8] = []
        gzip.encode(entries.span.bytes, into: &squeezed)
        section(squeezed)
        let metas = data.count
        var list: [UInt8] = [1]
        list.append(varint: UInt64(lines.count))
        list.append(signed: lines[0].time)
        list.append(signed: lines[lines.count - 1].time)
        list.append(varint: UInt64(block))
        list.append(varint: UInt64(entries.count))
        list.append(varint: UInt64(squeezed.count))
        section(list)
        for number in [symbols.count, 6, list.count, metas] { data.append(big: UInt64(number), 8) }
        return data
    }

    // MARK: Reading

    /// Parses the output of ``file()``.
    /// - Returns: nil if the checksum does not match the name, or the format is different. Loki then omits these lines
    ///   without an error.
    package init?(_ file: File) {
        let parts = file.path.split(separator: "/")
        guard parts.count == 3, let key = Data(base64Encoded: String(parts[2])),
            let crc = String(decoding: key, as: UTF8.self).split(separator: ":").last.flatMap({ UInt32($0, radix: 16) }
            ),
            crc == CRC32C.checksum(file.bytes.span.bytes)
        else { return nil }
        let bytes = file.bytes
        let metadata = bytes.big(at: 0, 4)
        guard metadata > 22, metadata + 42 < bytes.count,
            let json = try? JSONValue(parsing: Array(bytes[22..<metadata])), let metric = json["metric"]?.object
        else { return nil }
        let data = Array(bytes[(metadata + 4)...])
        guard data[4] == 4, data[5] == 1 else { return nil }
        let (list, end) = (data.big(at: data.count - 8, 8), data.count - 36)
        var cursor = list
        let numbers = (0..<7).map { _ in data.varint(at: &cursor) }
        guard cursor <= end, numbers[0] == 1, let start = Int(exactly: numbers[4]),
            let count = Int(exactly: numbers[6]),
            let entries = try? GzipStream.decode(Array(data[start..<start + count]), limit: 1 << 26)
        else { return nil }
        tenant = String(parts[0])
        labels = metric.compactMapValues(\.text).filter { $0.key != "__name__" }
        lines = []
        var position = 0
        while position < entries.count {
            let zigzag = entries.varint(at: &position)
            let time = Int(bitPattern: UInt(zigzag >> 1)) ^ -Int(zigzag & 1)
            let length = Int(entries.varint(at: &position))
            lines.append(Line(time: time, text: Array(entries[position..<position + length])))
            position += length
            position += Int(entries.varint(at: &position))
        }
    }
}

extension [UInt8] {
    mutating func append(big value: UInt64, _ width: Int) {
        for byte in (0..<width).reversed() { append(UInt8(truncatingIfNeeded: value >> UInt64(8 * byte))) }
    }

    mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    mutating func append(signed value: Int) {
        append(varint: UInt64(bitPattern: Int64(value << 1 ^ value >> 63)))
    }

    func big(at place: Int, _ width: Int) -> Int {
        Int(bitPattern: UInt(self[place..<place + width].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }))
    }

    func varint(at place: inout Int) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) where place < count {
            let byte = self[place]
            place += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { break }
        }
        return value
    }
}
