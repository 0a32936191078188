internal import Documents

/// The path of a field, as field managers own it: `.spec.containers[name="main"].image`.
struct KubernetesFieldPath: Hashable, Sendable, CustomStringConvertible {
    enum Step: Hashable, Sendable {
        case field(String)
        /// An element of a list, by the members that identify it.
        case item([String: JSONValue])
    }

    var steps: [Step] = []

    func appending(_ step: Step) -> KubernetesFieldPath { KubernetesFieldPath(steps: steps + [step]) }

    var description: String {
        steps.map { step in
            switch step {
            case .field(let name): ".\(name)"
            case .item(let keys): "[\(Self.text(keys))]"
            }
        }.joined()
    }

    private static func text(_ keys: [String: JSONValue]) -> String {
        keys.sorted { $0.key < $1.key }
            .map { "\($0.key)=\(String(decoding: $0.value.compact, as: UTF8.self))" }.joined(separator: ",")
    }
}

/// Objects as sets of fields, for server-side apply.
enum KubernetesFields {
    /// Members that belong to the server.
    private static let system = [
        "name", "namespace", "creationTimestamp", "uid", "resourceVersion", "generation", "managedFields", "selfLink",
        "deletionTimestamp", "deletionGracePeriodSeconds", "generateName",
    ]

    /// The members that identify the elements of a list; nil if the list is one value.
    ///
    /// The lists of custom resources are one value here.
    static func keys(of list: String, items: [JSONValue], isCustom: Bool) -> [String]? {
        guard !isCustom else { return nil }
        let keys: [String]? =
            switch list {
            case "containers", "initContainers", "ephemeralContainers", "volumes", "env", "imagePullSecrets": ["name"]
            case "secrets": ["name"]
            case "volumeMounts": ["mountPath"]
            case "volumeDevices": ["devicePath"]
            case "conditions": ["type"]
            case "ownerReferences": ["uid"]
            case "hostAliases": ["ip"]
            case "ports": items.allSatisfy { $0["containerPort"] != nil } ? ["containerPort"] : ["port"]
            default: nil
            }
        guard let keys, items.allSatisfy({ item in keys.allSatisfy { item[$0] != nil } }) else { return nil }
        return keys
    }

    /// Returns the values by path. The elements of lists with keys count as fields without a value.
    static func leaves(of object: JSONValue, isCustom: Bool, status: Bool = true) -> [KubernetesFieldPath: JSONValue] {
        var leaves: [KubernetesFieldPath: JSONValue] = [:]
        func walk(_ value: JSONValue, _ path: KubernetesFieldPath, _ name: String) {
            if let members = value.object, !members.isEmpty {
                for (name, member) in members where !member.isNull { walk(member, path.appending(.field(name)), name) }
            } else if let items = value.array, !items.isEmpty,
                let keys = keys(of: name, items: items, isCustom: isCustom)
            {
                for item in items {
                    let path = path.appending(.item(identity(of: item, keys)))
                    leaves[path] = .null
                    walk(item, path, "")
                }
            } else if !path.steps.isEmpty {
                leaves[path] = value
            }
        }
        var object = object.removing(status ? ["apiVersion", "kind"] : ["apiVersion", "kind", "status"])
        if let metadata = object["metadata"] {
            let own = metadata.removing(system)
            object["metadata"] = own.object?.isEmpty == true ? JSONValue?.none : own
        }
        walk(object, KubernetesFieldPath(), "")
        return leaves
    }

    static func identity(of item: JSONValue, _ keys: [String]) -> [String: JSONValue] {
        Dictionary(keys.map { ($0, item[$0] ?? .null) }) { $1 }
    }

    /// Returns an object with the fields of another one, as server-side apply merges them.
    static func applied(_ wanted: JSONValue, to old: JSONValue, _ name: String = "", isCustom: Bool) -> JSONValue {
        if let members = old.object, let changes = wanted.object {
            var result = members
            for (name, change) in changes where !change.isNull {
                result[name] = members[name].map { applied(change, to: $0, name, isCustom: isCustom) } ?? change
            }
            return .object(result)
        }
        if let items = old.array, let changes = wanted.array, !items.isEmpty, !changes.isEmpty,
            let keys = keys(of: name, items: items + changes, isCustom: isCustom)
        {
            var result = items
            for change in changes {
                let identity = identity(of: change, keys)
                if let index = result.firstIndex(where: { self.identity(of: $0, keys) == identity }) {
                    result[index] = applied(change, to: result[index], isCustom: isCustom)
                } else {
                    result.append(change)
                }
            }
            return .array(result)
        }
        return wanted
    }

    static func removing(_ steps: ArraySlice<KubernetesFieldPath.Step>, from value: JSONValue) -> JSONValue {
        guard let first = steps.first else { return value }
        let rest = steps.dropFirst()
        switch first {
        case .field(let name):
            guard let child = value[name] else { return value }
            guard !rest.isEmpty else { return value.removing([name]) }
            let changed = removing(rest, from: child)
            // An object or list that becomes empty goes with its last field.
            let isEmptied = changed != child && (changed == [:] || changed == [])
            return isEmptied ? value.removing([name]) : value.adding([name: changed])
        case .item(let keys):
            guard var items = value.array else { return value }
            let index = items.firstIndex { item in keys.allSatisfy { item[$0.key] == $0.value } }
            guard let index else { return value }
            if rest.isEmpty { items.remove(at: index) } else { items[index] = removing(rest, from: items[index]) }
            return .array(items)
        }
    }

    /// Returns `fieldsV1` of an entry of `metadata.managedFields`.
    static func fieldsV1(_ paths: some Sequence<KubernetesFieldPath>) -> JSONValue {
        func insert(_ steps: ArraySlice<KubernetesFieldPath.Step>, into value: JSONValue?) -> JSONValue {
            var value = value ?? [:]
            guard let first = steps.first else { return value }
            let name: String
            switch first {
            case .field(let field): name = "f:\(field)"
            case .item(let keys):
                name = "k:" + String(decoding: JSONValue.object(keys).compact, as: UTF8.self)
                if steps.count == 1 { return value.adding([name: (value[name] ?? [:]).adding([".": [:]])]) }
            }
            value[name] = insert(steps.dropFirst(), into: value[name])
            return value
        }
        return paths.reduce([:]) { insert($1.steps[...], into: $0) }
    }
}
