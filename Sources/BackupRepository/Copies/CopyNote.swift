internal import FoundationEssentials
internal import Platform

/// The state of a copy, as this machine last saw it. A note in the state folder: `dr status` must not wait for a store that
/// is away.
package struct CopyNote: Codable, Equatable, Sendable {
    /// The time of the last attempt.
    package var at: Timestamp
    /// The time of the last attempt that succeeded.
    package var succeeded: Timestamp?
    /// The address of the copy.
    package var location: String?
    /// The newest set in the copy.
    package var newest: Timestamp?
    /// The sets that the copy still lacked.
    package var missing: Int
    /// The reason why the last attempt failed.
    package var error: String?

    package init(at: Timestamp) {
        self.at = at
        missing = 0
    }
}

extension StateFolder {
    private func copyFile(_ name: String) throws -> String {
        try Folder.makePrivate("\(root)/copies")
        return "\(root)/copies/\(name).json"
    }

    /// - Parameter name: the name of the copy in dr.yaml.
    /// - Returns: nil if there is none that can be read.
    package func copyNote(_ name: String) -> CopyNote? {
        guard let data = try? Data(contentsOf: URL(filePath: "\(root)/copies/\(name).json")) else { return nil }
        return try? JSONDecoder().decode(CopyNote.self, from: data)
    }

    /// Forgets what was seen and found in a copy that begins anew.
    package func forgetCopy(_ name: String) {
        for suffix in ["json", "damage.json"] {
            try? FileManager.default.removeItem(atPath: "\(root)/copies/\(name).\(suffix)")
        }
    }

    package func record(_ note: CopyNote, ofCopy name: String) throws {
        let text = String(decoding: try JSONEncoder().encode(note), as: UTF8.self)
        try self.note(text, in: copyFile(name))
    }
}
