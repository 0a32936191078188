internal import BackupRepository
internal import Documents

/// Checks one document of a backup while it is streamed: a restore must be able to read it.
final class DocumentInspector: ContentInspector {
    private let path: String
    private var content: [UInt8] = []
    private var isTooLong = false

    /// Bytes. Documents of silences and configurations are far smaller.
    private static let longest = 16 << 20

    init(_ path: String) { self.path = path }

    func write(_ bytes: RawSpan) {
        guard !isTooLong, content.count + bytes.byteCount <= Self.longest else {
            isTooLong = true
            return
        }
        bytes.withUnsafeBytes { content.append(contentsOf: $0) }
    }

    func finish() -> [Damage] {
        if isTooLong { return [Damage(path: path, reason: "it is longer than \(Self.longest) bytes")] }
        return AlertmanagerTree.defect(of: path, content).map { [Damage(path: path, reason: $0)] } ?? []
    }
}
