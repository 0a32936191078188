package import Components
import Documents
import Platform
import StackConfiguration

/// The servers of a stack as the part `components:` of a new `dr.yaml`, with a comment on each choice.
package struct DiscoveredStack: Sendable {
    package private(set) var servers: [DiscoveredServer]
    private let kinds: [any ComponentKind.Type]

    package init(_ servers: [DiscoveredServer], kinds: [any ComponentKind.Type]) {
        self.kinds = kinds
        self.servers = servers
        var used: Set<String> = []
        for index in servers.indices where servers[index].product != nil {
            let kind = servers[index].kind
            // A second server of the kind gets a number.
            let name = ([kind] + (2...99).map { "\(kind)-\($0)" }).first { !used.contains($0) }
            guard let name else { continue }
            used.insert(name)
            self.servers[index].component = name
        }
    }

    package var hasUsable: Bool { servers.contains { $0.verdict == .usable } }

    /// Makes an entry inactive, because a check of it failed.
    package mutating func reject(_ component: String, reason: String) {
        for index in servers.indices where servers[index].component == component {
            servers[index].verdict = .incomplete
            servers[index].reasons.append(reason)
        }
    }

    /// The lines below `components:`, indented.
    package var text: String {
        var parts = servers.compactMap(entry)
        // The kinds without a server here keep their example.
        let found = Set(servers.filter { $0.component != nil }.map(\.kind))
        for kind in kinds where !found.contains(kind.name) {
            let looked = servers.filter { $0.kind == kind.name }.map { server in
                "# Not found at \(server.url) (\(server.origin.printable)): "
                    + server.reasons.joined(separator: "; ").printable
            }
            let example = kind.template.component.split(separator: "\n").map { line in
                line.hasPrefix("#") ? String(line) : "# \(line)"
            }
            parts.append(looked + example)
        }
        return parts.map { $0.map { "  \($0)" }.joined(separator: "\n") }.joined(separator: "\n")
    }

    private func entry(_ server: DiscoveredServer) -> [String]? {
        guard let component = server.component, let product = server.product else { return nil }
        let isActive = server.verdict == .usable
        var comments = ["# \(product.printable) at \(server.url), found by its \(server.origin.printable)."]
        if !isActive {
            comments.append("# Not active: remove the marks when you have added what is missing.")
            comments += server.reasons.map { "#   \($0.printable)" }
        }
        var lines = ["\(component):"]
        if component != server.kind, !server.settings.contains(where: { $0.key == "kind" }) {
            lines.append("  kind: \(server.kind)")
        }
        lines += server.settings.map(line)
        return comments + lines.map { isActive ? $0 : "# \($0)" } + companions(of: server, named: component)
    }

    /// The comments of the components that hold a part of a server's data.
    private func companions(of server: DiscoveredServer, named component: String) -> [String] {
        server.companions.enumerated().flatMap { number, companion in
            let name = "\(component)-\(companion.kind)" + (number > 0 ? "-\(number + 1)" : "")
            let lines = ["\(companion.reason.printable)", "\(name):", "  kind: \(companion.kind)"]
            return (lines + companion.settings.map(line)).map { "# \($0)" }
        }
    }

    /// One line: the value and the remark cannot begin another one. The settings refuse control characters, so that a
    /// value with one must not end the search: it is written with escapes.
    private func line(_ setting: RecognizedServer.Setting) -> String {
        let value =
            switch setting.value {
            case .text(let text):
                YAMLScalar.quoted(
                    text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } ? text.printable : text)
            case .value(let value): String(decoding: value.compact, as: UTF8.self).jsonForTerminals
            }
        return "  \(setting.key): \(value)   # \(setting.remark.printable)"
    }
}

extension DiscoveredStack {
    /// One line for each address.
    package var table: String {
        var table = Table([
            ("KIND", .left), ("RESULT", .left), ("ADDRESS", .left), ("FOUND BY", .left), ("ABOUT", .left),
        ])
        for server in servers {
            let places = server.companions.flatMap(\.settings).compactMap { setting -> String? in
                guard setting.key == "url", case .text(let url) = setting.value else { return nil }
                return "data in \(url)"
            }
            // Without a usable server `dr init` writes no file, so the table must name the buckets.
            let about = ([server.product].compactMap { $0 } + server.reasons + places).joined(separator: "; ")
            table.add([server.kind, server.verdict.rawValue, server.url, server.origin, about.printable])
        }
        return table.text
    }
}
