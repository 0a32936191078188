import Blocking
import Configuration
import Cryptography
import Drills
import Foundation
import HTTP
import JSONText

/// What tells that a live component was left alone: facts that a restore into it would change, and that its daily life
/// does not.
struct LiveStack {
    let session: Session

    /// One digest to a component; one that cannot be looked at has none.
    func digests() async -> [String: String] {
        let components = session.configuration.components
        return await withTaskGroup(of: (String, String?).self) { group in
            for component in components {
                group.addTask { (component.name, await session.pool.run { facts(of: component) }) }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private func facts(of component: ComponentConfiguration) -> String? {
        var facts: [String] = []
        // A restore swaps the directory: its inode is another then.
        for place in component.places {
            guard case .directory(let path) = place.kind, let identity = Self.identity(path) else { continue }
            facts.append("\(path) \(identity)")
        }
        facts += server(component)
        guard !facts.isEmpty else { return nil }
        return Digest(of: [UInt8](facts.joined(separator: "\n").utf8)).hex
    }

    private static func identity(_ path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return "device \(status.st_dev) inode \(status.st_ino)"
    }

    /// A server's own identity: when it was started, what it is called, which dashboards it has.
    private func server(_ component: ComponentConfiguration) -> [String] {
        func ask(_ access: HTTPAccess, _ path: String, _ read: (JSONValue) -> String?) -> [String] {
            var request = HTTPRequest("GET", access.url + path)
            request.stallTimeout = .seconds(5)
            guard !access.url.isEmpty, let client = try? HTTPClient(access),
                let (answer, body) = try? client.send(request), answer.isSuccess,
                let document = try? JSONValue(parsing: body), let fact = read(document)
            else { return [] }
            return ["\(path) \(fact)"]
        }
        switch component.options {
        case let options as PrometheusOptions:
            return ask(options.server, "/api/v1/status/runtimeinfo") { $0["data"]?["startTime"]?.text }
        case let options as GrafanaOptions:
            return ask(options.server, "/api/search?type=dash-db&limit=5000") { document in
                document.array?.compactMap { $0["uid"]?.text }.sorted().joined(separator: ",")
            }
        case let options as ElasticsearchOptions: return ask(options.server, "/") { $0["cluster_uuid"]?.text }
        default: return []
        }
    }
}
