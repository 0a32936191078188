/// Checks one document of a component while it is streamed: a restore must be able to read it. Holds the whole document.
package final class DocumentInspector: ContentInspector {
    private let path: String
    private let longest: Int
    private let defect: ([UInt8]) -> String?
    private var content: [UInt8] = []
    private var isTooLong = false

    /// - Parameters:
    ///   - longest: the limit in bytes; a longer document is damaged.
    ///   - defect: returns the defect of a document; nil for a valid one.
    package init(_ path: String, longest: Int, defect: @escaping ([UInt8]) -> String?) {
        self.path = path
        self.longest = longest
        self.defect = defect
    }

    package func write(_ bytes: RawSpan) {
        guard !isTooLong, content.count + bytes.byteCount <= longest else {
            isTooLong = true
            return
        }
        bytes.withUnsafeBytes { content.append(contentsOf: $0) }
    }

    package func finish() -> [Damage] {
        if isTooLong { return [Damage(path: path, reason: "it is longer than \(longest) bytes")] }
        return defect(content).map { [Damage(path: path, reason: $0)] } ?? []
    }
}
