internal import Documents
internal import Foundation
internal import Glibc
internal import Synchronization

/// The files for `/etc/hosts`, one for each namespace. Containers mount them, so they are changed in place.
final class HostsFiles: Sendable {
    private let folder: URL
    private let names = Mutex<[String: String]>([:])

    init(folder: URL) { self.folder = folder }

    /// The path of the file for a namespace.
    func path(of namespace: String) throws -> String {
        let file = folder.appending(path: namespace)
        let text = names.withLock { $0[namespace] ?? "" }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if !FileManager.default.fileExists(atPath: file.path) { try write(namespace, text) }
        return file.path
    }

    /// Maps the names of services and of pods with a subdomain to this machine.
    func update(services: [JSONValue], pods: [PodObject]) throws {
        var all: [String: [String]] = [:]
        var everywhere: [String] = []
        for service in services {
            guard let name = service["metadata"]?["name"]?.text, let namespace = service["metadata"]?["namespace"]?.text
            else { continue }
            everywhere.append("\(name).\(namespace).svc.cluster.local \(name).\(namespace).svc \(name).\(namespace)")
            all[namespace, default: []].append(name)
        }
        for pod in pods {
            guard let subdomain = pod.spec["subdomain"]?.text else { continue }
            let name = "\(pod.spec["hostname"]?.text ?? pod.name).\(subdomain).\(pod.namespace).svc"
            everywhere.append("\(name).cluster.local \(name)")
        }
        let lines = everywhere.sorted().map { "127.0.0.1 \($0)\n" }.joined()
        for namespace in Set(all.keys).union(pods.map(\.namespace)) {
            let text = lines + all[namespace, default: []].sorted().map { "127.0.0.1 \($0)\n" }.joined()
            let isNew = names.withLock { names in
                defer { names[namespace] = text }
                return names[namespace] != text
            }
            if isNew, FileManager.default.fileExists(atPath: folder.appending(path: namespace).path) {
                try write(namespace, text)
            }
        }
    }

    private func write(_ namespace: String, _ text: String) throws {
        let file = folder.appending(path: namespace)
        let content = Data("127.0.0.1 localhost\n\(text)".utf8)
        if !FileManager.default.fileExists(atPath: file.path) {
            try content.write(to: file)
        } else {
            let handle = try FileHandle(forWritingTo: file)
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: content)
            try handle.close()
        }
        chmod(file.path, 0o644)
    }
}
