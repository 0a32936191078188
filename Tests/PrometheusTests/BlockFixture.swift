import Foundation
import Lab
import Testing

@testable import Prometheus

/// A real block from `fixtures/prometheus`, as a private copy that may be damaged.
struct BlockFixture {
    enum Kind: String, CaseIterable {
        case plain = "01M833MGBA87K93QTCF53TYSRW"
        case tombstone = "01M833KZKD5KZAC2Z52RMTQ69H"
        case head = "01M833T6307E15DZHSYBGTWVT3"
    }

    static let root = Checkout.url("fixtures/prometheus")

    let folder: TemporaryFolder
    let url: URL
    var path: String { url.path }

    init(_ kind: Kind) throws {
        folder = try TemporaryFolder("block")
        url = folder.url.appending(path: kind.rawValue)
        try FileManager.default.copyItem(at: Self.root.appending(path: "\(kind)/\(kind.rawValue)"), to: url)
    }

    func bytes(_ file: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: url.appending(path: file))) }

    func write(_ bytes: [UInt8], to file: String) throws { try Data(bytes).write(to: url.appending(path: file)) }

    func edit(_ file: String, _ body: (inout [UInt8]) -> Void) throws {
        var content = try bytes(file)
        body(&content)
        try write(content, to: file)
    }

    func editMeta(_ from: String, _ to: String) throws {
        let text = String(decoding: try bytes("meta.json"), as: UTF8.self)
        try #require(text.contains(from))
        try write([UInt8](text.replacing(from, with: to).utf8), to: "meta.json")
    }
}
