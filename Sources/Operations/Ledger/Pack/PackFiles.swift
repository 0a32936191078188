import BackupRepository
import Cryptography
import FoundationEssentials
package import Platform

/// The files of a pack that hold the entries of the ledger as they are stored: one JSON object a line, at most 1,000 in a
/// file, so that a reader of a long period needs little memory.
struct PackFiles {
    static let mostLines = 1000
    static let longestFile = 256 << 20

    struct Line: Codable {
        var number: Int
        /// The object as text.
        var object: String?
        /// The object in base 64, if it is not text.
        var object64: Data?

        init(number: Int, object bytes: [UInt8]) {
            self.number = number
            if let text = String(validating: bytes, as: UTF8.self) {
                object = text
            } else {
                object64 = Data(bytes)
            }
        }

        var bytes: [UInt8] { object.map { Array($0.utf8) } ?? object64.map { [UInt8]($0) } ?? [] }
    }

    let folder: String
    private(set) var written: [EvidencePack.File] = []
    private var text: [UInt8] = []
    private var lines = 0
    private var first = 0

    init(_ folder: String) { self.folder = folder }

    mutating func add(_ stored: RunLedger.Stored) throws {
        if lines == 0 { first = stored.head.number }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        text += try encoder.encode(Line(number: stored.head.number, object: stored.object ?? [])) + [UInt8(ascii: "\n")]
        lines += 1
        if lines == Self.mostLines { try flush() }
    }

    mutating func flush() throws {
        guard lines > 0 else { return }
        let name = "ledger-\(first).jsonl"
        try OutputFile.write(text, to: "\(folder)/\(name)", links: .follow)
        written.append(EvidencePack.File(file: name, sha256: Digest(of: text)))
        (text, lines) = ([], 0)
    }

    /// Reads a file of a pack.
    /// - Throws: ``PackError`` if it is missing, or has another SHA-256.
    static func read(_ file: EvidencePack.File, in folder: String) throws -> [Line] {
        let bytes = try bytes(of: file, in: folder)
        do {
            let lines = try bytes.split(separator: UInt8(ascii: "\n")).map {
                try JSONDecoder().decode(Line.self, from: Data($0))
            }
            if lines.allSatisfy({ (1...RunLedger.mostNumber).contains($0.number) }) { return lines }
        } catch { throw PackError("\(folder)/\(file.file)", "it cannot be read: \(error)") }
        throw PackError("\(folder)/\(file.file)", "the number of an entry is out of range")
    }

    static func bytes(of file: EvidencePack.File, in folder: String) throws -> [UInt8] {
        // The name comes from the pack.
        guard !file.file.hasPrefix("/"), !file.file.split(separator: "/").contains("..") else {
            throw PackError(file.file, "it is outside of the pack")
        }
        let path = "\(folder)/\(file.file)"
        guard let data = FileManager.default.contents(atPath: path) else { throw PackError(path, "it is missing") }
        guard data.count <= longestFile else { throw PackError(path, "it is too long") }
        let bytes = [UInt8](data)
        guard Digest(of: bytes) == file.sha256 else {
            throw PackError(path, "its SHA-256 is not the one in the pack: it was altered")
        }
        return bytes
    }
}

/// A pack that contradicts itself or the ledger.
package struct PackError: OperationError, Equatable {
    package var file: String
    package var detail: String
    package var reasonCode: String { "pack_altered" }
    package var place: ErrorPlace { ErrorPlace(object: file, text: "pack '\(file.printable)'") }

    init(_ file: String, _ detail: String) {
        self.file = file
        self.detail = detail
    }
}
