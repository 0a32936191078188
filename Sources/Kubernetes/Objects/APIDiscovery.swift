internal import Documents

/// The types that an API server serves.
package struct APIDiscovery: Equatable, Sendable {
    /// One entry for each type, in the version that the server prefers, in the order of their names.
    package var resources: [APIResource] = []
    /// The parts of the API whose types could not be listed.
    package var failures: [Failure] = []

    package struct Failure: Equatable, Sendable {
        /// "metrics.k8s.io/v1beta1".
        package var groupVersion: String
        package var reason: String
    }

    package init() {}

    /// Returns the type of a document.
    package func resource(apiVersion: String, kind: String) -> APIResource? {
        let parts = apiVersion.split(separator: "/", maxSplits: 1).map(String.init)
        return resource(group: parts.count == 2 ? parts[0] : "", kind: kind)
    }

    package func resource(group: String, kind: String) -> APIResource? {
        resources.first { $0.group == group && $0.kind == kind }
    }
}

extension KubernetesAPI {
    /// Asks the server for its types. A part of the API that does not answer, such as an aggregated API whose server is
    /// down, costs only its own types.
    /// - Parameter skips: true for a group whose types are not wanted, so that it is not asked.
    /// - Throws: ``KubernetesError`` if the server cannot be reached.
    package func discover(skipping skips: (_ group: String) -> Bool = { _ in false }) throws -> APIDiscovery {
        var discovery = APIDiscovery()
        var found: Set<String> = []
        func add(_ group: String, _ version: String, list: JSONValue) {
            for resource in Self.resources(of: list, group: group, version: version)
            where found.insert(resource.name).inserted { discovery.resources.append(resource) }
        }
        guard let core = try document(at: "/api/v1") else {
            throw KubernetesError(.failed, operation: "read /api/v1", "this server is not an API server of Kubernetes")
        }
        add("", "v1", list: core)
        let groups = try document(at: "/apis")?["groups"]?.array ?? []
        for group in groups {
            guard let name = group["name"]?.text, !name.isEmpty, !skips(name) else { continue }
            for version in Self.versions(of: group) {
                try Task.checkCancellation()
                let groupVersion = "\(name)/\(version)"
                let path = "/apis/\(APIResource.encoded(name))/\(APIResource.encoded(version))"
                do {
                    guard let list = try document(at: path) else {
                        discovery.failures.append(.init(groupVersion: groupVersion, reason: "it does not exist"))
                        continue
                    }
                    add(name, version, list: list)
                } catch let error as KubernetesError where !error.isConnectionFailure && error.reason != .hopeless {
                    discovery.failures.append(.init(groupVersion: groupVersion, reason: error.detail))
                } catch let error as KubernetesError where error.means("Forbidden") {
                    discovery.failures.append(.init(groupVersion: groupVersion, reason: error.detail))
                }
            }
        }
        discovery.resources.sort { ($0.group, $0.plural) < ($1.group, $1.plural) }
        return discovery
    }

    /// The versions of a group, the preferred one first.
    private static func versions(of group: JSONValue) -> [String] {
        let preferred = group["preferredVersion"]?["version"]?.text
        let all = (group["versions"]?.array ?? []).compactMap { $0["version"]?.text }
        return (preferred.map { [$0] } ?? []) + all.filter { $0 != preferred }
    }

    private static func resources(of list: JSONValue, group: String, version: String) -> [APIResource] {
        let entries = list["resources"]?.array ?? []
        let scaled = Set(
            entries.compactMap { $0["name"]?.text }.filter { $0.hasSuffix("/scale") }.map { String($0.dropLast(6)) })
        return entries.compactMap { entry in
            guard let plural = entry["name"]?.text, !plural.contains("/"), !plural.isEmpty,
                let kind = entry["kind"]?.text
            else { return nil }
            return APIResource(
                group: group, version: version, plural: plural, kind: kind,
                isNamespaced: entry["namespaced"]?.bool == true,
                verbs: Set((entry["verbs"]?.array ?? []).compactMap(\.text)), hasScale: scaled.contains(plural))
        }
    }
}
