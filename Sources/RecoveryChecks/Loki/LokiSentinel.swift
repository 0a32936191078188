internal import Documents
internal import Foundation
internal import Platform

/// The nonce in Loki: a line of a stream of its own. Lines in memory are in the backup too, with the write-ahead log.
package struct LokiSentinel: Sentinel {
    private static let day = 86_400_000
    package let component: String
    private let reading: LokiReading

    package init(component: String, server: CheckedServer, tenant: String?) {
        self.component = component
        reading = LokiReading(server, tenant: tenant)
    }

    package func plant(_ nonce: String) throws -> Int {
        let now = Int(clamping: Date().timeIntervalSince1970 * 1000)
        try reading.push(nonce, labels: ["job": "dr_sentinel"], at: now)
        return now
    }

    package func nonces(around time: Int) throws -> [String] {
        let window = (time - Self.day)..<(time + Self.day)
        return try reading.lines("{job=\"dr_sentinel\"}", in: window, limit: 1000).compactMap { line in
            line.split(separator: " ").last.map(String.init).flatMap { Nonce.isOne($0) ? $0 : nil }
        }
    }
}
