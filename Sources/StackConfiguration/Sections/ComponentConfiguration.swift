package import Documents
internal import Yams

/// One entry under `components`.
package struct ComponentConfiguration: Equatable, Sendable {
    package var name: String
    /// The word that chose how the entry is read: "prometheus", "files".
    package var kind: String
    /// How long it may show no progress before a backup goes on without it. The default leaves an hourly run time to
    /// commit the others, and is more than anything takes that shows none.
    package var stallTimeout = Period.minutes(45)
    /// The share of it that may be gone since the backup before, 0...1; more is a collapse.
    package var shrinkThreshold = 0.5
    /// Where the entry's name stands.
    package var location: Location
    /// The settings of the entry, to be told apart by their type.
    package var options: any ComponentOptions

    package init(name: String, options: any ComponentOptions, location: Location) {
        self.name = name
        kind = type(of: options).kind
        self.location = location
        self.options = options
    }

    package static func == (first: Self, second: Self) -> Bool {
        func equal<Options: ComponentOptions>(_ options: Options) -> Bool { options == second.options as? Options }
        return first.name == second.name && first.stallTimeout == second.stallTimeout
            && first.shrinkThreshold == second.shrinkThreshold
            && first.location == second.location && equal(first.options)
    }
}

extension ComponentConfiguration {
    /// The settings that are plain text, by key: what a plan may refer to as `${prometheus.url}`. Never a secret.
    package var plainSettings: [String: String] {
        func settings<Options: ComponentSection>(_ options: Options) -> [String: String] {
            let pairs = Options.keys.compactMap { key in key.plainText(options).map { (key.name, $0) } }
            return Dictionary(pairs) { $1 }.filter { !$0.value.isEmpty }
        }
        return (options as? any ComponentSection).map { settings($0) } ?? [:]
    }
}

extension ComponentConfiguration {
    /// How its server is reached; nil for a component without one.
    package var server: HTTPAccess? {
        let access: HTTPAccess? =
            switch options {
            case let options as PrometheusOptions: options.server
            case let options as LokiOptions: options.server
            case let options as GrafanaOptions: options.server
            case let options as ElasticsearchOptions: options.server
            default: nil
            }
        return access?.url.isEmpty == false ? access : nil
    }
}

/// The settings of one kind of component.
package protocol ComponentOptions: Equatable, Sendable {
    /// The word for the kind in `dr.yaml`.
    static var kind: String { get }

    /// The same component in a drill's place: nothing of the live one is left that could be written to or asked.
    /// - Returns: nil where the kind needs a server and the drill has none for it.
    func relocated(to place: Relocation) -> Self?
}

/// Options that are read from a section of the file: all of them.
protocol ComponentSection: ComponentOptions, Section {}

/// A word that `kind` takes.
struct ComponentKind: Sendable {
    var name: String
    var keys: [String]
    var schema: JSONValue
    var read: @Sendable (YAMLNode, inout Reader) -> (any ComponentOptions)?

    /// A new kind is one line here and one file beside this one.
    static let supported = [
        ComponentKind(PrometheusOptions.self),
        ComponentKind(FilesOptions.self),
        ComponentKind(GitOptions.self),
        ComponentKind(LokiOptions.self),
        ComponentKind(GrafanaOptions.self),
        ComponentKind(ElasticsearchOptions.self),
    ]

    static var names: [String] { supported.map(\.name) }

    private init<Options: ComponentSection>(_: Options.Type) {
        let kind = Key<Options>.alreadyRead(
            "kind", schema: ["const": .string(Options.kind)], "What the component is; its name, when left out.")
        let stallTimeout = Key<Options>.alreadyRead(
            "stall_timeout", schema: Shape<Period>.period.schema,
            "How long it may show no progress before a backup goes on without it; 45m when left out.")
        let shrinkThreshold = Key<Options>.alreadyRead(
            "shrink_threshold", schema: Shape<Double>.share.schema,
            "The share of it that may be gone since the backup before: a larger loss makes the set partial, and restores "
                + "prefer the sets before it until `dr backup --accept-shrink`. Default: 50%; 100% turns it off.")
        name = Options.kind
        keys = Options.keys.map(\.name)
        schema = Options.schema(also: [kind, stallTimeout, shrinkThreshold])
        read = { node, reader in reader.section(Options.self, from: node, also: [kind, stallTimeout, shrinkThreshold]) }
    }
}

extension Shape where Value == [ComponentConfiguration] {
    /// The mapping of component names to their settings.
    static let components = Shape(schema: schema) { node, reader in
        guard let mapping = node.mapping else {
            reader.complain(node, "expected a mapping of component names, found \(node.kindForPeople)")
            return nil
        }
        guard !mapping.isEmpty else {
            reader.complain(node, "no component is named")
            return nil
        }
        let components = mapping.map { read($0.key, $0.value, &reader) }
        let good = components.compactMap { $0 }
        return good.count == components.count ? good : nil
    }

    /// Folders of the repository's own, beside which each component has one.
    private static let reservedNames: Set = ["sets", "marks"]

    private static func read(
        _ key: YAMLNode, _ value: YAMLNode, _ reader: inout Reader
    ) -> ComponentConfiguration? {
        guard let name = key.scalar?.string, isName(name) else {
            reader.complain(
                key, "\(key.scalar.map { "'\($0.string)'" } ?? key.kindForPeople) is no name for a component",
                hint: "a name has up to 63 of a-z, 0-9 and '-'")
            return nil
        }
        guard !reservedNames.contains(name) else {
            reader.complain(key, "'\(name)' is reserved", hint: "choose another name, and say 'kind'")
            return nil
        }
        guard let settings = value.mapping else {
            reader.complain(value, "expected the settings of component '\(name)', found \(value.kindForPeople)")
            return nil
        }
        let written = settings.first { $0.key.scalar?.string == "kind" }
        let kind = written?.value.scalar?.string ?? name
        guard let supported = ComponentKind.supported.first(where: { $0.name == kind }) else {
            let names = ComponentKind.names
            if let written {
                reader.complain(written.value, "unknown kind '\(kind)'\(Spelling.advice(for: kind, among: names))")
            } else {
                reader.complain(
                    key, "component '\(name)' needs a 'kind'", hint: "the kinds are \(names.joined(separator: ", "))")
            }
            return nil
        }
        guard let options = supported.read(value, &reader) else { return nil }
        var component = ComponentConfiguration(name: name, options: options, location: reader.location(of: key))
        if let timeout = settings.first(where: { $0.key.scalar?.string == "stall_timeout" })?.value {
            guard let period = Shape<Period>.period.read(timeout, &reader) else { return nil }
            component.stallTimeout = period
        }
        if let threshold = settings.first(where: { $0.key.scalar?.string == "shrink_threshold" })?.value {
            guard let share = Shape<Double>.share.read(threshold, &reader) else { return nil }
            component.shrinkThreshold = share
        }
        return component
    }

    private static func isName(_ name: String) -> Bool {
        (1...63).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
            }
    }

    private static var schema: JSONValue {
        [
            "type": "object", "minProperties": 1,
            "propertyNames": ["pattern": "^[a-z0-9-]{1,63}$"],
            "additionalProperties": ["anyOf": .array(ComponentKind.supported.map(\.schema))],
        ]
    }
}
