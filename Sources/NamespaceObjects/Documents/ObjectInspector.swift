internal import BackupRepository
internal import Documents

/// Checks one document while it is streamed: a restore must be able to read it.
final class ObjectInspector: ContentInspector {
    private let path: String
    private var content: [UInt8] = []
    private var isTooLong = false

    /// Bytes. An API server stores at most about 1.5 MB; indentation makes a document longer.
    static let longest = 32 << 20

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
        return Self.defect(of: content).map { [Damage(path: path, reason: $0)] } ?? []
    }

    /// The defect of a document; nil for a valid one.
    static func defect(of content: [UInt8]) -> String? {
        do {
            let document = try JSONValue(parsing: content)
            return ObjectName(document) == nil ? "it has no kind, version or name" : nil
        } catch { return "\(error)" }
    }
}
