internal import Documents

/// Files that a Prometheus' configuration names, with their paths on the server.
struct ConfiguredFiles: Equatable {
    /// Patterns of rule files.
    var rules: [String] = []
    /// Patterns of files that list targets.
    var targets: [String] = []
    /// Passwords, tokens, certificates and keys.
    var secrets: [String] = []

    private static let secretKeys: Set = [
        "password_file", "credentials_file", "bearer_token_file", "ca_file", "cert_file", "key_file",
        "client_secret_file", "refresh_token_file",
    ]

    /// - Parameter folder: the absolute folder of the configuration file, to which relative paths refer.
    init(yaml: String, folder: String) {
        guard let root = YAMLNode.composed(ofServer: yaml) else { return }
        collect(root)
        func absolute(_ paths: [String]) -> [String] {
            Set(paths.map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }).sorted()
        }
        rules = absolute(root["rule_files"]?.sequence?.compactMap { $0.scalar?.string } ?? [])
        targets = absolute(targets)
        secrets = absolute(secrets)
    }

    private mutating func collect(_ node: YAMLNode) {
        for child in node.elements { collect(child) }
        for (key, value) in node.mapping.map(Array.init) ?? [] {
            let name = key.scalar?.string ?? ""
            if Self.secretKeys.contains(name), let path = value.scalar?.string, !path.isEmpty { secrets.append(path) }
            if name == "file_sd_configs" {
                targets += value.elements.flatMap { $0["files"]?.elements ?? [] }.compactMap(\.scalar?.string)
            }
            collect(value)
        }
    }
}
