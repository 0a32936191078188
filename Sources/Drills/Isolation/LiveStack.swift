import Components
import Documents
import FoundationEssentials
import Glibc
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
                    let volume = await session.volumeFacts(of: component)
                    var look = await session.pool.run { self.look(at: component, idleWorkload: volume.idleWorkload) }
                    look.facts.merge(volume.facts) { $1 }
                    look.unseen.merge(volume.unseen) { $1 }
                    return (component.name, look)
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    /// - Parameter idleWorkload: the workload of the server, if none of its pods runs.
    private func look(at component: ComponentConfiguration, idleWorkload: String?) -> LiveLook {
        var look = LiveLook()
        // A restore replaces the directory, which changes its inode.
        for place in component.places where place.owner == component.name {
            guard case .directory(let path) = place.kind else { continue }
            look.note("directory \(path)") { try Self.identity(path) }
        }
        if let idleWorkload {
            // A connection through the cluster would wait for a pod.
            look.unseen["server"] = "no pod of \(idleWorkload) runs"
            return look
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
        do { facts[fact] = try look() } catch {
            unseen[fact] = "\(error)".split(separator: "\n").first.map(String.init)
        }
    }
}
