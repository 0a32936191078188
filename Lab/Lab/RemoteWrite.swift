internal import Foundation
internal import FoundationNetworking

/// A remote-write request (protocol 0.1.0) with samples of one series, as agents push them to Prometheus, also late.
package struct RemoteWrite: Sendable {
    package var labels: [String: String]
    /// The times in milliseconds since 1970, with their values.
    package var samples: [(time: Int, value: Double)]

    package init(_ labels: [String: String], _ samples: [(time: Int, value: Double)]) {
        self.labels = labels
        self.samples = samples
    }

    /// Sends the request to a server that was started with `--web.enable-remote-write-receiver`.
    /// - Throws: `LabError` if the server does not accept all samples.
    package func send(to server: PrometheusServer) async throws { try await Self.send([self], to: server) }

    /// Sends several series in one request.
    package static func send(_ series: [RemoteWrite], to server: PrometheusServer) async throws {
        guard let address = URL(string: server.url + "/api/v1/write") else {
            throw LabError("'\(server.url)' is not a valid URL")
        }
        var request = URLRequest(url: address)
        request.httpMethod = "POST"
        request.setValue("snappy", forHTTPHeaderField: "Content-Encoding")
        request.setValue("application/x-protobuf", forHTTPHeaderField: "Content-Type")
        request.setValue("0.1.0", forHTTPHeaderField: "X-Prometheus-Remote-Write-Version")
        request.httpBody = Data(literals(series.flatMap(\.message)))
        let (body, response) = try await URLSession.shared.data(for: request)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        guard (200..<300).contains(status) else {
            throw LabError("remote write: HTTP \(status): \(String(decoding: body, as: UTF8.self))")
        }
    }

    /// Its part of a `prometheus.WriteRequest` in protobuf: field 1, a time series of labels (1) and samples (2).
    private var message: [UInt8] {
        var series: [UInt8] = []
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) {
            series += Self.field(1, Self.field(1, Array(name.utf8)) + Self.field(2, Array(value.utf8)))
        }
        for sample in samples {
            let value = withUnsafeBytes(of: sample.value.bitPattern.littleEndian) { Array($0) }
            let time = [0x10] + Self.varint(UInt64(bitPattern: Int64(sample.time)))
            series += Self.field(2, [0x09] + value + time)
        }
        return Self.field(1, series)
    }

    private static func field(_ number: UInt64, _ content: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(content.count)) + content
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// Encodes bytes in Snappy's block format without compression, as literals of up to 256 bytes.
    private static func literals(_ bytes: [UInt8]) -> [UInt8] {
        var result = varint(UInt64(bytes.count))
        for start in stride(from: 0, to: bytes.count, by: 256) {
            let piece = bytes[start..<min(bytes.count, start + 256)]
            result += [60 << 2, UInt8(piece.count - 1)] + piece
        }
        return result
    }
}
