import enum BackupRepository.ComponentName
package import Components
package import Documents

/// One entry under `components`.
package struct ComponentConfiguration: Equatable, Sendable {
    package var name: String
    /// The word for the kind.
    package var kind: String { type(of: settings).name }
    /// The time without progress after which a backup continues without the component. The default leaves an hourly
    /// run time to commit the other components, and is longer than any step that reports no progress.
    package var stallTimeout = Period.minutes(45)
    /// The allowed loss of data since the previous backup, 0...1; more counts as shrunk.
    package var shrinkThreshold = 0.5
    /// The processes of this machine that store the component side by side.
    package var workers = 1
    /// The location of the entry's name in the file.
    package var location: Location
    /// The settings of the entry, of the type of its kind.
    package var settings: any ComponentKind
    /// The volume in a cluster that has the data; nil if they are on this machine or in a server. The path in
    /// ``settings`` is then the one within the cluster.
    package var volume: KubernetesVolume?
    /// The keys of an entry with a ``volume``, for the pod that works on it.
    package var entry: JSONValue = [:]

    package init(name: String, settings: any ComponentKind, location: Location) {
        self.name = name
        self.location = location
        self.settings = settings
    }

    package static func == (first: Self, second: Self) -> Bool {
        first.name == second.name && first.stallTimeout == second.stallTimeout
            && first.shrinkThreshold == second.shrinkThreshold && first.workers == second.workers
            && first.location == second.location && first.volume == second.volume && first.entry == second.entry
            && first.settings.isEqual(to: second.settings)
    }
}

extension ComponentKind {
    /// True for a kind whose data are in a directory, which can be a volume of a cluster.
    fileprivate static var hasDirectory: Bool { keys.contains { $0.name == DataDirectory.key } }

    /// True for a kind whose files several processes can store.
    fileprivate static var isDivisible: Bool { hasDirectory || isSharable }

    /// The keys that every kind has in addition to its own.
    private static var sharedKeys: [Key<Self>] {
        let volume = Key<Self>.alreadyRead(
            DataDirectory.volumeKey, schema: KubernetesVolume.schema(),
            "Volume of a cluster that has the data, instead of 'data'.")
        let workers = Key<Self>.alreadyRead(
            "workers", schema: Shape<Int>.workers.schema,
            "Processes of this machine that store the component side by side, 1 to 64. Default: 1.")
        return (hasDirectory ? [volume] : []) + (isDivisible ? [workers] : []) + [
            .alreadyRead(
                "kind", schema: ["const": .string(name)], "Kind of the component. Default: the component's name."),
            .alreadyRead(
                "stall_timeout", schema: Shape<Period>.period.schema,
                "Time without progress after which a backup continues without the component. Default: 45m."),
            .alreadyRead(
                "shrink_threshold", schema: Shape<Double>.share.schema,
                "Allowed loss of data since the previous backup. After a larger loss the set is partial, and restores "
                    + "prefer earlier sets until `dr backup --accept-shrink`. Default: 50%; 100% turns it off."),
        ]
    }

    fileprivate static var entrySchema: JSONValue {
        let schema = schema(also: sharedKeys)
        guard hasDirectory else { return schema }
        // One of both, which the table of keys cannot say.
        let required = (schema["required"]?.array ?? []).filter { $0.text != DataDirectory.key }
        let choice: JSONValue = [
            ["required": [.string(DataDirectory.key)]], ["required": [.string(DataDirectory.volumeKey)]],
        ]
        return schema.removing(["required"]).adding(
            required.isEmpty ? ["oneOf": choice] : ["oneOf": choice, "required": .array(required)])
    }

    fileprivate static func read(_ node: YAMLNode, _ reader: inout Reader) -> (any ComponentKind)? {
        reader.section(Self.self, from: node, also: sharedKeys)
    }
}

extension Shape where Value == Int {
    fileprivate static var workers: Shape { .count(1...64) }
}

/// The key of a kind with a data directory, and the one that replaces it.
package enum DataDirectory {
    package static let key = "data"
    package static let volumeKey = "kubernetes"
    /// The path in the settings of a component with a volume, until the real one is known from the cluster.
    static let unknown = "/data"
}

extension Shape where Value == [ComponentConfiguration] {
    /// The mapping of component names to their settings.
    static func components(_ kinds: [any ComponentKind.Type]) -> Shape {
        Shape(schema: schema(kinds)) { node, reader in all(node, kinds: kinds, &reader) }
    }

    private static func all(
        _ node: YAMLNode, kinds: [any ComponentKind.Type], _ reader: inout Reader
    ) -> [ComponentConfiguration]? {
        guard let mapping = node.mapping else {
            reader.complain(node, "expected a mapping of component names, found \(node.kindForPeople)")
            return nil
        }
        guard !mapping.isEmpty else {
            reader.complain(node, "'components' is empty")
            return nil
        }
        let components = mapping.map { entry(named: $0.key, value: $0.value, kinds: kinds, &reader) }
        let good = components.compactMap { $0 }
        return good.count == components.count ? good : nil
    }

    private static func entry(
        named key: YAMLNode, value: YAMLNode, kinds: [any ComponentKind.Type], _ reader: inout Reader
    ) -> ComponentConfiguration? {
        guard let name = key.scalar?.string, ComponentName.hasValidForm(name) else {
            reader.complain(
                key, "\(key.scalar.map { "'\($0.string)'" } ?? key.kindForPeople) is not a valid component name",
                hint: "use 1 to 64 characters of a-z, 0-9 and '-'")
            return nil
        }
        guard !ComponentName.reserved.contains(name) else {
            reader.complain(key, "'\(name)' is reserved", hint: "choose another name, and add 'kind'")
            return nil
        }
        guard let mapping = value.mapping else {
            reader.complain(value, "expected the settings of component '\(name)', found \(value.kindForPeople)")
            return nil
        }
        let written = mapping.first { $0.key.scalar?.string == "kind" }
        let kind = written?.value.scalar?.string ?? name
        guard let supported = kinds.first(where: { $0.name == kind }) else {
            let names = kinds.map { $0.name }
            if let written {
                reader.complain(written.value, "unknown kind '\(kind)'\(Spelling.advice(for: kind, among: names))")
            } else {
                reader.complain(
                    key, "component '\(name)' needs a 'kind'", hint: "the kinds are \(names.joined(separator: ", "))")
            }
            return nil
        }
        let (entry, volume) = placed(value, of: supported, &reader)
        guard let settings = entry.flatMap({ supported.read($0, &reader) }) else { return nil }
        var component = ComponentConfiguration(name: name, settings: settings, location: reader.location(of: key))
        if let volume {
            component.volume = volume
            guard let entry, let keys = Shape<JSONValue>.json.read(entry, &reader) else { return nil }
            component.entry = keys
        }
        if let timeout = mapping.first(where: { $0.key.scalar?.string == "stall_timeout" })?.value {
            guard let period = Shape<Period>.period.read(timeout, &reader) else { return nil }
            component.stallTimeout = period
        }
        if let threshold = mapping.first(where: { $0.key.scalar?.string == "shrink_threshold" })?.value {
            guard let share = Shape<Double>.share.read(threshold, &reader) else { return nil }
            component.shrinkThreshold = share
        }
        if let workers = mapping.first(where: { $0.key.scalar?.string == "workers" }), supported.isDivisible {
            guard let count = Shape<Int>.workers.read(workers.value, &reader) else { return nil }
            component.workers = count
            if count > 1 { refuseWorkers(of: component, at: workers.key, &reader) }
        }
        return component
    }

    private static func refuseWorkers(of component: ComponentConfiguration, at key: YAMLNode, _ reader: inout Reader) {
        if component.volume != nil {
            reader.complain(
                key, "'workers' are processes of this machine, and the data are in a cluster",
                hint: "use 'shards' of 'kubernetes'")
        } else if !component.settings.writablePaths.isEmpty {
            reader.complain(
                key,
                "a component of kind '\(component.kind)' works together with its server, so several processes cannot "
                    + "capture it at once")
        }
    }

    /// Reads the volume of an entry, and puts a data directory in its place.
    /// - Returns: the entry without the volume's section; nil if that is wrong.
    private static func placed(
        _ entry: YAMLNode, of kind: any ComponentKind.Type, _ reader: inout Reader
    ) -> (entry: YAMLNode?, volume: KubernetesVolume?) {
        guard let mapping = entry.mapping,
            let written = mapping.first(where: { $0.key.scalar?.string == DataDirectory.volumeKey })
        else { return (entry, nil) }
        guard kind.hasDirectory else {
            reader.complain(
                written.key,
                "a component of kind '\(kind.name)' has no data directory, so '\(DataDirectory.volumeKey)' "
                    + "does not apply")
            return (nil, nil)
        }
        guard !mapping.contains(where: { $0.key.scalar?.string == DataDirectory.key }) else {
            reader.complain(
                written.key, "'\(DataDirectory.key)' and '\(DataDirectory.volumeKey)' exclude each other")
            return (nil, nil)
        }
        guard let volume = reader.section(KubernetesVolume.self, from: written.value) else { return (nil, nil) }
        let others = mapping.filter { $0.key.scalar?.string != DataDirectory.volumeKey }.map { ($0.key, $0.value) }
        let data = (YAMLNode(DataDirectory.key), YAMLNode(volume.path ?? DataDirectory.unknown))
        return (
            .mapping(YAMLNode.Mapping(others + [data], tag: mapping.tag, style: mapping.style, mark: mapping.mark)),
            volume
        )
    }

    private static func schema(_ kinds: [any ComponentKind.Type]) -> JSONValue {
        [
            "type": "object", "minProperties": 1,
            "propertyNames": ["pattern": .string(ComponentName.pattern)],
            "additionalProperties": ["anyOf": .array(kinds.map { $0.entrySchema })],
        ]
    }
}
