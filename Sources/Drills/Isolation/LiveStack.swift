import Components
import Documents
import Foundation
import HTTP
import Operations
import Platform
import StackConfiguration
import SystemPackage

/// Observes the live components: facts that a restore would change, and that normal operation does not.
struct LiveStack {
    let session: Session

    /// Observes each component. Unreadable facts do not stop a drill, which must also work during an outage.
    func look() async -> [String: LiveLook] {
        let components = session.configuration.components
        return await withTaskGroup(of: (String, LiveLook).self) { group in
            for component in components {
                group.addTask {
                    var look = await session.pool.run { self.look(at: component) }
                    for (fact, text) in await session.volumeFacts(of: component) {
                        switch text {
                        case .success(let text): look.facts[fact] = text
                        case .failure(let error): look.unseen[fact] = LiveLook.firstLine(of: error)
                        }
                    }
                    return (component.name, look)
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private func look(at component: ComponentConfiguration) -> LiveLook {
        var look = LiveLook()
        // A restore replaces the directory, which changes its inode.
        for place in component.places where place.owner == component.name {
            guard case .directory(let path) = place.kind else { continue }
            look.note("directory \(path)") { try Self.identity(path) }
        }
        look.note("server") { try component.settings.identity(session.context(of: component.name)) }
        return look
    }

    private static func identity(_ path: String) throws -> String {
        var status = stat()
        guard stat(path, &status) == 0 else {
            // A missing directory is a fact too, since a drill could have removed it.
            if errno == ENOENT { return "does not exist" }
            throw DrillError("'\(path)'", Errno.last.description)
        }
        return "device \(status.st_dev) inode \(status.st_ino)"
    }
}

extension LiveLook {
    /// - Parameter look: returns nil if there is no such fact.
    fileprivate mutating func note(_ fact: String, _ look: () throws -> String?) {
        do { facts[fact] = try look() } catch { unseen[fact] = Self.firstLine(of: error) }
    }

    fileprivate static func firstLine(of error: any Error) -> String? {
        "\(error)".split(separator: "\n").first.map(String.init)
    }
}
