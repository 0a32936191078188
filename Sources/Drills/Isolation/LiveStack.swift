import Documents
import Foundation
import HTTP
import Operations
import Platform
import StackConfiguration

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
        switch component.options {
        case let options as PrometheusOptions:
            look.ask(options.server, "/api/v1/status/runtimeinfo") { $0["data"]?["startTime"]?.text }
        case let options as GrafanaOptions:
            look.ask(options.server, "/api/search?type=dash-db&limit=5000") { document in
                document.array?.compactMap { $0["uid"]?.text }.sorted().joined(separator: ",")
            }
        case let options as ElasticsearchOptions: look.ask(options.server, "/") { $0["cluster_uuid"]?.text }
        default: break
        }
        return look
    }

    private static func identity(_ path: String) throws -> String {
        var status = stat()
        guard stat(path, &status) == 0 else {
            // That it is not there is a fact too: whoever removes it has not left it alone.
            if errno == ENOENT { return "is not there" }
            throw DrillError("'\(path)'", String(cString: strerror(errno)))
        }
        return "device \(status.st_dev) inode \(status.st_ino)"
    }
}

extension LiveLook {
    fileprivate mutating func note(_ fact: String, _ look: () throws -> String) {
        do { facts[fact] = try look() } catch {
            unseen[fact] = "\(error)".split(separator: "\n").first.map(String.init)
        }
    }

    /// A server's own identity: when it was started, what it is called, which dashboards it has.
    fileprivate mutating func ask(_ access: HTTPAccess, _ path: String, _ read: (JSONValue) -> String?) {
        guard !access.url.isEmpty else { return }
        note("server") {
            var request = HTTPRequest("GET", access.url + path)
            request.stallTimeout = .seconds(5)
            let (answer, body) = try HTTPClient(access).send(request)
            guard answer.isSuccess, let fact = (try? JSONValue(parsing: body)).flatMap(read) else {
                throw DrillError(request.summary, "HTTP \(answer.status)")
            }
            return fact
        }
    }
}
