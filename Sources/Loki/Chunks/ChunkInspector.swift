internal import BackupRepository
internal import Cryptography

/// Verifies a chunk by its name: the name has the CRC-32C of the whole file, and the path the tenant, stream and times
/// that the metadata must repeat. Loki answers queries over damaged chunks with success and missing lines, so that its
/// answers do not show the damage.
final class ChunkInspector: ContentInspector {
    /// Loki cuts chunks at 1.5 to 2 MB; for larger ones only the checksum is verified.
    private static let greatestHeld = 16 << 20

    private let path: String
    private let name: ChunkName
    private var checksum = CRC32C()
    private var held: [UInt8]? = []

    init(_ path: String, _ name: ChunkName) {
        self.path = path
        self.name = name
    }

    func write(_ bytes: RawSpan) {
        checksum.update(bytes)
        guard let count = held?.count, count + bytes.byteCount <= Self.greatestHeld else {
            held = nil
            return
        }
        bytes.withUnsafeBytes { held?.append(contentsOf: $0) }
    }

    func finish() -> [Damage] {
        guard let held else { return judge(nil) }
        return held.withUnsafeBytes { judge(defect(in: $0)) }
    }

    /// Nearly all chunks come in one piece: checked without a copy.
    func inspect(_ whole: RawSpan) -> [Damage] {
        checksum.update(whole)
        return whole.withUnsafeBytes { judge(defect(in: $0)) }
    }

    /// - Parameter detail: the defect of the content, if it was inspected.
    private func judge(_ detail: String?) -> [Damage] {
        if checksum.value != name.checksum {
            let (found, expected) = (String(checksum.value, radix: 16), String(name.checksum, radix: 16))
            let more = detail.map { "; \($0)" } ?? ""
            return [Damage(path: path, reason: "chunk: CRC is \(found), its name gives \(expected)\(more)")]
        }
        return detail.map { [Damage(path: path, reason: "chunk: \($0)")] } ?? []
    }

    private func defect(in content: UnsafeRawBufferPointer) -> String? {
        do throws(ChunkDefect) {
            try ChunkContent.check(content, as: name)
            return nil
        } catch { return error.detail }
    }
}

/// A file among the chunks whose name Loki would never ask for.
final class MisnamedChunk: ContentInspector {
    private let path: String

    init(_ path: String) { self.path = path }

    func write(_ bytes: RawSpan) {}
    func finish() -> [Damage] { [Damage(path: path, reason: "chunk: its name is not a valid chunk name")] }
}
