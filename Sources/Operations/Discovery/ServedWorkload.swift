import Components
import Documents
import StackConfiguration

/// A workload of a namespace that may run servers.
struct ServedWorkload: Sendable {
    /// "statefulset/metrics".
    let name: String
    let labels: [String: String]
    let containers: [Container]
    /// True if one of its pods is ready.
    let isReady: Bool
    /// The names of the volumes in its pod that have a claim, with that of the first replica.
    private let claims: [String: String]

    struct Container: Sendable {
        var name: String
        /// The file name of its program, and the name of its image without registry and tag.
        var programs: Set<String>
        var arguments: StartArguments
        /// By their names.
        var ports: [String: Int]
        /// The mounted volumes by their paths, without a slash at the end.
        var mounts: [String: String]
    }

    init?(_ object: JSONValue, type: String) {
        guard let name = object["metadata"]?["name"]?.text, let template = object["spec"]?["template"] else {
            return nil
        }
        self.name = "\(type)/\(name)"
        labels = (template["metadata"]?["labels"]?.object ?? [:]).compactMapValues(\.text)
        let status = object["status"]
        isReady = (status?["readyReplicas"]?.integer ?? status?["numberReady"]?.integer ?? 0) > 0
        containers = (template["spec"]?["containers"]?.array ?? []).compactMap(Container.init)
        var claims = VolumeSearch.claims(of: object)
        for volume in template["spec"]?["volumes"]?.array ?? [] {
            guard let name = volume["name"]?.text,
                let claim = volume["persistentVolumeClaim"]?["claimName"]?.text
            else { continue }
            claims[name] = claim
        }
        self.claims = claims
    }

    /// Returns the container that runs one of these programs.
    func container(running programs: [String]) -> Container? {
        containers.first { !$0.programs.isDisjoint(with: programs) }
    }

    /// The keys of the section `kubernetes` for the data of a server.
    /// - Parameters:
    ///   - data: the absolute path of the data, as the server's container sees it.
    ///   - container: of the server; nil for any.
    /// - Returns: the section, and the path of the mounted claim; nil if the path is not in a claim.
    func volume(for data: String, in container: String?) -> (section: JSONValue, mountPath: String)? {
        let mounting = containers.filter { container == nil || $0.name == container }
            .compactMap { container in container.mountPath(of: data).map { (container, $0) } }
        guard let (found, mountPath) = mounting.first,
            let claim = found.mounts[mountPath].flatMap({ claims[$0] })
        else { return nil }
        var section: [String: JSONValue] = ["workload": .string(name)]
        // dr takes the first container with a claim, and refuses to choose among claims.
        let all = containers.flatMap { container in container.mounts.map { (container.name, $0.key, claims[$0.value]) }
        }
        .filter { $0.2 != nil }
        if all.contains(where: { $0.0 != found.name }) { section["container"] = .string(found.name) }
        if all.contains(where: { $0.0 == found.name && $0.2 != claim }) { section["claim"] = .string(claim) }
        if data != mountPath || all.contains(where: { $0.0 == found.name && $0.1 != mountPath }) {
            section["path"] = .string(data)
        }
        return (.object(section), mountPath)
    }
}

extension ServedWorkload.Container {
    init?(_ object: JSONValue) {
        guard let name = object["name"]?.text else { return nil }
        self.name = name
        let command = (object["command"]?.array ?? []).compactMap(\.text)
        let words = (object["args"]?.array ?? []).compactMap(\.text)
        arguments = StartArguments(Array(command.dropFirst()) + words)
        programs = []
        if let program = command.first?.split(separator: "/").last { programs.insert(String(program)) }
        // "registry:5000/organisation/program:tag@sha256:..."
        if let image = object["image"]?.text?.prefix(while: { $0 != "@" }).split(separator: "/").last {
            programs.insert(String(image.prefix { $0 != ":" }))
        }
        ports = [:]
        for port in object["ports"]?.array ?? [] {
            guard let name = port["name"]?.text, let number = port["containerPort"]?.integer else { continue }
            ports[name] = number
        }
        mounts = [:]
        for mount in object["volumeMounts"]?.array ?? [] {
            guard let volume = mount["name"]?.text, let path = mount["mountPath"]?.text, path.hasPrefix("/") else {
                continue
            }
            mounts[Self.withoutSlash(path)] = volume
        }
    }

    /// The path of the innermost volume that has a path.
    func mountPath(of path: String) -> String? {
        mounts.keys.filter { path == $0 || path.hasPrefix($0 == "/" ? "/" : "\($0)/") }
            .max { $0.utf8.count < $1.utf8.count }
    }

    static func withoutSlash(_ path: String) -> String {
        path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}
