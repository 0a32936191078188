internal import Foundation
internal import Platform

/// The nonce among files: one of its own in the tree.
package struct FileSentinel: Sentinel {
    package let component: String
    /// Absolute.
    private let path: String

    package init(component: String, path: String) {
        self.component = component
        self.path = path
    }

    package func plant(_ nonce: String) throws -> Int {
        try OutputFile.write(Array("\(nonce)\n".utf8), to: path, links: .refuse)
        return Int(clamping: Date().timeIntervalSince1970 * 1000)
    }

    package func nonces(around time: Int) throws -> [String] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        let text = String(decoding: try Data(contentsOf: URL(filePath: path)).prefix(1000), as: UTF8.self)
        return text.split(whereSeparator: \.isWhitespace).map(String.init).filter(Nonce.isOne)
    }
}
