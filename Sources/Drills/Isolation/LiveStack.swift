import Components
import Documents
import Foundation
import HTTP
import Operations
import Platform
import StackConfiguration
import SystemPackage

/// What tells that a live component was left alone: facts that a restore into it would change, and that its daily life
/// does not.
struct LiveStack {
    let session: Session

    /// One look at each component. What cannot be looked at stops nobody: a drill is for bad days too.
    func look() async -> [String: LiveLook] {
        let components = session.configuration.components
        return await withTaskGroup(of: (String, LiveLook).self) { group in
            for component in components {
                group.addTask { (component.name, await session.pool.run { look(at: component) }) }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private func look(at component: ComponentConfiguration) -> LiveLook {
        var look = LiveLook()
        // A restore swaps the directory: its inode is another then.
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
            // That it is not there is a fact too: whoever removes it has not left it alone.
            if errno == ENOENT { return "is not there" }
            throw DrillError("'\(path)'", Errno.last.description)
        }
        return "device \(status.st_dev) inode \(status.st_ino)"
    }
}

extension LiveLook {
    /// - Parameter look: returns nil where there is no such fact.
    fileprivate mutating func note(_ fact: String, _ look: () throws -> String?) {
        do { facts[fact] = try look() } catch {
            unseen[fact] = "\(error)".split(separator: "\n").first.map(String.init)
        }
    }
}
