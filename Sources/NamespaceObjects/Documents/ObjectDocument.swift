internal import Documents

/// The rules for the stored document of an object.
enum ObjectDocument {
    /// Bytes. An API server stores at most about 1.5 MB; indentation makes a document longer.
    static let longest = 32 << 20

    /// Returns the defect of a document; nil for a valid one.
    static func defect(of content: [UInt8]) -> String? {
        do {
            let document = try JSONValue(parsing: content)
            return ObjectName(document) == nil ? "it has no kind, version or name" : nil
        } catch { return "\(error)" }
    }
}
