internal import Documents

/// Builds the environment and the command of a container.
struct ContainerEnvironment {
    let context: KubeletContext
    let pod: PodObject
    let container: JSONValue
    let image: LabImage

    /// - Throws: `NotReady` if a ConfigMap or Secret, or a key in one, does not exist.
    func variables() throws -> [String: String] {
        var variables = image.environment
        variables["HOSTNAME"] = pod.name
        if let address = context.client.address {
            variables["KUBERNETES_SERVICE_HOST"] = address.host
            variables["KUBERNETES_SERVICE_PORT"] = address.port
        }
        for source in container["envFrom"]?.array ?? [] {
            let prefix = source["prefix"]?.text ?? ""
            for (kind, member) in [(KubeletContext.DataKind.configMap, "configMapRef"), (.secret, "secretRef")] {
                guard let reference = source[member] else { continue }
                for (key, bytes) in try data(kind, reference) ?? [:] {
                    variables[prefix + key] = String(decoding: bytes, as: UTF8.self)
                }
            }
        }
        for entry in container["env"]?.array ?? [] {
            guard let name = entry["name"]?.text else { continue }
            if let source = entry["valueFrom"] {
                if let value = try value(from: source) { variables[name] = value }
            } else {
                variables[name] = Self.expand(entry["value"]?.text ?? "", variables)
            }
        }
        return variables
    }

    /// The program and its arguments.
    /// - Throws: `NotReady` if neither the container nor the image names a program.
    func command(_ variables: [String: String]) throws(NotReady) -> [String] {
        func words(_ key: String) -> [String] {
            (container[key]?.array ?? []).compactMap(\.text).map { Self.expand($0, variables) }
        }
        let own = words("command")
        let command = (own.isEmpty ? image.entrypoint : own) + words("args")
        guard own.isEmpty, image.entrypoint.isEmpty else { return command }
        throw NotReady(event: "Failed", reason: "CreateContainerError", message: "Error: no command specified")
    }

    private func value(from source: JSONValue) throws -> String? {
        if let path = source["fieldRef"]?["fieldPath"]?.text { return pod.field(path) }
        if let resource = source["resourceFieldRef"]?["resource"]?.text {
            let parts = resource.split(separator: ".").map(String.init)
            return parts.count == 2 ? container["resources"]?[parts[0]]?[parts[1]]?.text ?? "0" : nil
        }
        for (kind, member) in [(KubeletContext.DataKind.configMap, "configMapKeyRef"), (.secret, "secretKeyRef")] {
            guard let reference = source[member], let key = reference["key"]?.text else { continue }
            guard let data = try data(kind, reference) else { return nil }
            if let bytes = data[key] { return String(decoding: bytes, as: UTF8.self) }
            if reference["optional"]?.bool == true { return nil }
            throw missing("couldn't find key \(key) in \(kind.title) \(pod.namespace)/\(reference["name"]?.text ?? "")")
        }
        return nil
    }

    private func data(_ kind: KubeletContext.DataKind, _ reference: JSONValue) throws -> [String: [UInt8]]? {
        let name = reference["name"]?.text ?? ""
        if let data = try context.data(kind, name, in: pod.namespace) { return data }
        if reference["optional"]?.bool == true { return nil }
        throw missing("\(kind.singular) \"\(name)\" not found")
    }

    private func missing(_ message: String) -> NotReady {
        NotReady(event: "Failed", reason: "CreateContainerConfigError", message: message)
    }

    /// Replaces `$(NAME)` by the variable's value; `$$` is a dollar sign.
    static func expand(_ text: String, _ variables: [String: String]) -> String {
        text.replacing(#/\$\$|\$\(([^)]*)\)/#) { match in
            guard let name = match.output.1 else { return "$" }
            return variables[String(name)] ?? String(match.output.0)
        }
    }
}
