import Cryptography
import FoundationEssentials
import Platform
import StackConfiguration

/// The components that the last health report found down, in the state folder, so that the next one can report a
/// recovery. A file that cannot be read counts as empty.
struct HealthMemory {
    private let path: String

    init(_ session: Session) {
        let name = Digest(of: [UInt8](session.configuration.stack.utf8)).hex.prefix(16)
        path = "\(session.stateRoot)/health/\(name).json"
    }

    var down: Set<String> {
        guard let data = try? Data(contentsOf: URL(filePath: path)), data.count <= 1 << 20,
            let names = try? JSONDecoder().decode([String].self, from: data)
        else { return [] }
        return Set(names)
    }

    func remember(_ down: Set<String>) throws {
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try OutputFile.write([UInt8](JSONEncoder().encode(down.sorted())), to: path, mode: 0o600, links: .refuse)
    }
}
