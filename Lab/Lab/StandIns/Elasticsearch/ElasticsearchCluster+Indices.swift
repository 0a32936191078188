internal import Documents
internal import Foundation

/// Indices and their state.
extension ElasticsearchCluster {
    /// Returns the index names of a multi-index expression.
    func resolve(_ expression: String, withClosed: Bool) -> [String] {
        let parts = expression.split(separator: ",").map(String.init)
        return indices.filter { name, index in
            Self.matches(parts, name) && (withClosed || index.isOpen || parts.contains(name))
        }.keys.sorted()
    }

    static func matches(_ parts: [String], _ name: String) -> Bool {
        parts.reduce(false) { isMatched, part in
            let isExclusion = part.hasPrefix("-")
            let pattern = isExclusion ? String(part.dropFirst()) : part
            let fits =
                pattern == "_all" || pattern == name
                || (pattern.contains("*") && fnmatch(pattern, name, 0) == 0)
            return fits ? !isExclusion : isMatched
        }
    }

    private func absent(_ expression: String) -> StandInAnswer? {
        let name = expression.split(separator: ",").map(String.init).first { part in
            !part.contains("*") && !part.hasPrefix("-") && indices[part] == nil
                && !indices.values.contains { $0.aliases[part] != nil }
        }
        return name.map { Self.error(404, "index_not_found_exception", "no such index [\($0)]") }
    }

    private func behind(_ name: String) -> [String] {
        indices[name] != nil ? [name] : indices.filter { $0.value.aliases[name] != nil }.keys.sorted()
    }

    // MARK: /INDEX/…

    mutating func indexAnswer(_ request: StandInRequest, _ path: [String]) -> StandInAnswer {
        let expression = path[0]
        switch (request.method, path.count > 1 ? path[1] : "") {
        case ("PUT", ""): return create(expression, request.json ?? [:])
        case ("POST", "_doc"): return add(request.json ?? [:], to: expression)
        case ("PUT", "_doc") where path.count == 3: return put(request.json ?? [:], path[2], in: expression)
        default: break
        }
        if let absent = absent(expression), request.query["ignore_unavailable"] != "true" { return absent }
        switch (request.method, path.count > 1 ? path[1] : "") {
        case ("GET", ""):
            let isFlat = request.query["flat_settings"] == "true"
            let names = expression.contains("*") ? resolve(expression, withClosed: true) : behind(expression)
            let named = names.compactMap { name in indices[name].map { (name, described($0, isFlat)) } }
            return .json(200, .object(Dictionary(named) { $1 }))
        case ("DELETE", ""):
            indices[expression] = nil
            return Self.acknowledged
        case ("GET", "_count"): return count(expression)
        case ("GET", "_doc") where path.count == 3:
            guard let source = indices[expression]?.sources[path[2]] else {
                return .json(404, ["_index": .string(expression), "_id": .string(path[2]), "found": false])
            }
            return .json(
                200,
                ["_index": .string(expression), "_id": .string(path[2]), "found": true, "_source": source])
        case ("POST", "_refresh"), ("GET", "_refresh"):
            return .json(200, ["_shards": ["total": 1, "successful": 1, "failed": 0]])
        case ("POST", "_search"): return newest(expression, request.json ?? [:])
        case ("POST", "_close"), ("POST", "_open"):
            for name in resolve(expression, withClosed: true) { indices[name]?.isOpen = path[1] == "_open" }
            return .json(200, ["acknowledged": true, "shards_acknowledged": true, "indices": [:]])
        case ("GET", "_recovery"): return recovery(expression)
        default: return Self.noHandler(request)
        }
    }

    private func described(_ index: Index, _ isFlat: Bool) -> JSONValue {
        [
            "aliases": .object(index.aliases), "mappings": index.mappings,
            "settings": isFlat ? .object(index.settings) : Self.nested(index.settings),
        ]
    }

    /// Converts {"index.a.b": 1} to {"index": {"a": {"b": 1}}}.
    private static func nested(_ flat: [String: JSONValue]) -> JSONValue {
        func insert(_ value: JSONValue, _ path: ArraySlice<Substring>, into object: inout [String: JSONValue]) {
            guard let first = path.first else { return }
            guard path.count > 1 else { return object[String(first)] = value }
            var inner = object[String(first)]?.object ?? [:]
            insert(value, path.dropFirst(), into: &inner)
            object[String(first)] = .object(inner)
        }
        var result: [String: JSONValue] = [:]
        for (key, value) in flat { insert(value, key.split(separator: ".")[...], into: &result) }
        return .object(result)
    }

    private mutating func create(_ name: String, _ body: JSONValue) -> StandInAnswer {
        guard indices[name] == nil else {
            return Self.error(400, "resource_already_exists_exception", "index [\(name)] already exists")
        }
        let before = indices
        add(name, documents: 0)
        indices[name]?.settings.merge(body["settings"]?.object ?? [:]) { $1 }
        if let aliases = body["aliases"]?.object { indices[name]?.aliases = aliases }
        if let mappings = body["mappings"] { indices[name]?.mappings = mappings }
        if let refusal = Self.aliasRefusal(indices) {
            indices = before
            return refusal
        }
        return .json(200, ["acknowledged": true, "shards_acknowledged": true, "index": .string(name)])
    }

    /// Adds a document. A missing index is created, as with a collector's first span.
    private mutating func add(_ document: JSONValue, to name: String) -> StandInAnswer {
        guard let target = writeTarget(name) else { return Self.noWriteIndex(name) }
        if let refusal = closed(target) { return refusal }
        if indices[target] == nil { add(target, documents: 0) }
        indices[target]?.documents += 1
        if let time = document["startTimeMillis"]?.integer {
            let before = indices[target]?.newest ?? time
            indices[target]?.newest = max(before, time)
        }
        return .json(201, ["_index": .string(target), "_id": .string(UUID().uuidString), "result": "created"])
    }

    /// Returns the index for a write. Of an alias, this is the index with the write flag, or its only index without
    /// one. For an unknown name it is a new index. Nil if an alias has no write index.
    private func writeTarget(_ name: String) -> String? {
        let holders = indices[name] == nil ? indices.filter { $0.value.aliases[name] != nil } : [:]
        guard !holders.isEmpty else { return name }
        if let writer = holders.first(where: { $0.value.aliases[name]?["is_write_index"]?.bool == true }) {
            return writer.key
        }
        guard holders.count == 1, let only = holders.first else { return nil }
        return only.value.aliases[name]?["is_write_index"]?.bool == nil ? only.key : nil
    }

    private static func noWriteIndex(_ alias: String) -> StandInAnswer {
        error(
            400, "illegal_argument_exception",
            "no write index is defined for alias [\(alias)]. The write index may be explicitly disabled using "
                + "is_write_index=false or the alias points to multiple indices without one being designated as a write "
                + "index")
    }

    private func closed(_ target: String) -> StandInAnswer? {
        guard indices[target]?.isOpen == false else { return nil }
        return Self.error(400, "index_closed_exception", "closed index [\(target)]")
    }

    // MARK: Aliases

    /// Handles `POST /_aliases`: all actions or none of them.
    mutating func changeAliases(_ body: JSONValue) -> StandInAnswer {
        var changed = indices
        for action in body["actions"]?.array ?? [] {
            guard let (verb, values) = action.object?.first, let name = values["index"]?.text,
                let alias = values["alias"]?.text, ["add", "remove"].contains(verb)
            else { return Self.error(400, "illegal_argument_exception", "an action needs [index] and [alias]") }
            guard changed[name] != nil else {
                return Self.error(404, "index_not_found_exception", "no such index [\(name)]")
            }
            if verb == "remove", changed[name]?.aliases[alias] == nil {
                return Self.error(404, "aliases_not_found_exception", "aliases [\(alias)] missing")
            }
            changed[name]?.aliases[alias] = verb == "add" ? values.removing(["index", "alias"]) : nil
        }
        if let refusal = Self.aliasRefusal(changed) { return refusal }
        indices = changed
        return Self.acknowledged
    }

    /// Stores a document with an explicit id. The stand-in keeps the contents of such documents only.
    private mutating func put(_ document: JSONValue, _ id: String, in name: String) -> StandInAnswer {
        guard let name = writeTarget(name) else { return Self.noWriteIndex(name) }
        if let refusal = closed(name) { return refusal }
        if indices[name] == nil { add(name, documents: 0) }
        let isNew = indices[name]?.sources.updateValue(document, forKey: id) == nil
        if isNew { indices[name]?.documents += 1 }
        return .json(
            isNew ? 201 : 200,
            ["_index": .string(name), "_id": .string(id), "result": .string(isNew ? "created" : "updated")])
    }

    private func count(_ expression: String) -> StandInAnswer {
        let names = resolve(expression, withClosed: false) + (indices[expression] == nil ? behind(expression) : [])
        if let closed = names.first(where: { indices[$0]?.isOpen == false }) {
            return Self.error(400, "index_closed_exception", "closed index [\(closed)]")
        }
        let chosen = names.compactMap { indices[$0] }
        let shards = chosen.reduce(0) { $0 + $1.primaries }, lost = chosen.reduce(0) { $0 + $1.lostShards.count }
        return .json(
            200,
            [
                "count": JSONValue(chosen.reduce(0) { $0 + $1.documents }),
                "_shards": [
                    "total": JSONValue(shards), "successful": JSONValue(shards - lost), "skipped": 0,
                    "failed": JSONValue(lost),
                ],
            ])
    }

    private func newest(_ expression: String, _ body: JSONValue) -> StandInAnswer {
        let times = resolve(expression, withClosed: false).compactMap { indices[$0]?.newest }
        // The format of a double in Elasticsearch.
        let value: JSONValue = times.max().map { .number("\(Double($0))") } ?? .null
        let name = body["aggs"]?.object?.keys.first ?? "newest"
        return .json(200, ["took": 1, "timed_out": false, "aggregations": .object([name: ["value": value]])])
    }

    private func recovery(_ expression: String) -> StandInAnswer {
        var result: [String: JSONValue] = [:]
        for name in resolve(expression, withClosed: true) {
            guard let index = indices[name] else { continue }
            let total = index.documents * 100
            let done = index.recovering == 0 ? total : index.recovering < 0 ? 0 : total / (index.recovering + 1)
            result[name] = [
                "shards": [
                    [
                        "id": 0, "type": "SNAPSHOT", "stage": index.recovering == 0 ? "DONE" : "INDEX",
                        "index": ["size": ["total_in_bytes": JSONValue(total), "recovered_in_bytes": JSONValue(done)]],
                    ]
                ]
            ]
        }
        return .json(200, .object(result))
    }

    // MARK: /_cluster, /_cat, /_alias

    mutating func clusterAnswer(_ request: StandInRequest, _ path: [String]) -> StandInAnswer {
        switch (request.method, path[0], path.count > 1 ? path[1] : "") {
        case ("GET", "_cluster", "health"): return health(path.count > 2 ? path[2] : "*", request)
        case ("GET", "_cat", "indices"):
            let expression = path.count > 2 ? path[2] : "*"
            if let absent = absent(expression) { return absent }
            let isAll = request.query["expand_wildcards"] == "all"
            return .json(
                200,
                .array(
                    resolve(expression, withClosed: isAll).compactMap { name in
                        guard let index = indices[name] else { return nil }
                        return [
                            "index": .string(name), "status": index.isOpen ? "open" : "close",
                            "pri": .string("\(index.primaries)"),
                            "store.size": index.isOpen ? .string("\(index.documents * 100)") : .null,
                        ]
                    }))
        case ("POST", "_aliases", ""): return changeAliases(request.json ?? [:])
        case ("GET", "_alias", ""):
            return .json(200, .object(indices.mapValues { ["aliases": .object($0.aliases)] }))
        case ("GET", "_alias", let alias):
            let holders = indices.filter { $0.value.aliases[alias] != nil }
            guard !holders.isEmpty else {
                return .json(404, ["error": .string("alias [\(alias)] missing"), "status": 404])
            }
            return .json(
                200,
                .object(holders.mapValues { ["aliases": .object([alias: $0.aliases[alias] ?? [:]])] }))
        default: return Self.noHandler(request)
        }
    }

    private mutating func health(_ expression: String, _ request: StandInRequest) -> StandInAnswer {
        var statuses: [String: JSONValue] = [:]
        var worst = "green"
        for name in resolve(expression, withClosed: true) {
            guard let index = indices[name] else { continue }
            if index.recovering > 0 { indices[name]?.recovering -= 1 }
            let status =
                index.recovering != 0 || !index.lostShards.isEmpty
                ? "red" : index.replicas < options.dataNodes ? "green" : "yellow"
            statuses[name] = [
                "status": .string(status), "number_of_shards": JSONValue(index.primaries),
                "number_of_replicas": JSONValue(index.replicas),
            ]
            if status == "red" || (status == "yellow" && worst == "green") { worst = status }
        }
        if absent(expression) != nil { worst = "red" }
        let isReached = worst != "red" || request.query["wait_for_status"] == nil
        return .json(
            isReached ? 200 : 408,
            [
                "cluster_name": .string(options.clusterName), "status": .string(worst), "timed_out": .bool(!isReached),
                "number_of_nodes": JSONValue(options.dataNodes), "number_of_data_nodes": JSONValue(options.dataNodes),
                "indices": .object(statuses),
            ])
    }

    // MARK: Templates and policies

    mutating func pieceAnswer(_ request: StandInRequest, _ path: [String]) -> StandInAnswer {
        switch path[0] {
        case "_ilm":
            guard !options.isOpenSearch, path.count == 3, path[1] == "policy" else { return Self.noHandler(request) }
            return ilm(request, path[2])
        case "_plugins":
            guard options.isOpenSearch, path.count == 4, path[1] == "_ism" else { return Self.noHandler(request) }
            if path[2] == "explain" { return explained(path[3]) }
            return ism(request, path[3])
        default: return template(request, kind: path[0], name: path.count > 1 ? path[1] : nil)
        }
    }

    private mutating func template(_ request: StandInRequest, kind: String, name: String?) -> StandInAnswer {
        if request.method == "PUT", let name, let body = request.json {
            for part in (body["composed_of"]?.array ?? []).compactMap(\.text)
            where templates["_component_template"]?[part] == nil {
                return Self.error(
                    400, "invalid_index_template_exception",
                    "index_template [\(name)] invalid, cause [index template [\(name)] specifies component templates "
                        + "[\(part)] that do not exist]")
            }
            templates[kind, default: [:]][name] = body
            return Self.acknowledged
        }
        let present = (templates[kind] ?? [:]).filter { name == nil || $0.key == name }
        if kind == "_template" {
            return .json(present.isEmpty && name != nil ? 404 : 200, .object(present))
        }
        if let name, present.isEmpty {
            return Self.error(404, "resource_not_found_exception", "\(kind.dropFirst()) matching [\(name)] not found")
        }
        let word = String(kind.dropFirst())
        let entries = present.sorted { $0.key < $1.key }.map {
            JSONValue.object(["name": .string($0.key), word: $0.value])
        }
        return .json(200, .object(["\(word)s": .array(entries)]))
    }

    private mutating func ilm(_ request: StandInRequest, _ name: String) -> StandInAnswer {
        if request.method == "PUT", let policy = request.json?["policy"] {
            policies[name] = policy
            return Self.acknowledged
        }
        guard let policy = policies[name] else {
            return Self.error(404, "resource_not_found_exception", "Lifecycle policy not found: \(name)")
        }
        return .json(
            200,
            .object([
                name: [
                    "version": 1, "modified_date": "2026-11-01T00:00:00.000Z", "policy": policy,
                    "in_use_by": ["indices": [], "data_streams": [], "composable_templates": []],
                ]
            ]))
    }

    private mutating func ism(_ request: StandInRequest, _ name: String) -> StandInAnswer {
        if request.method == "PUT", let policy = request.json?["policy"] {
            if policies[name] != nil, request.query["if_seq_no"] == nil {
                return Self.error(409, "version_conflict_engine_exception", "[\(name)]: version conflict")
            }
            var stored = policy
            stored["policy_id"] = .string(name)
            stored["last_updated_time"] = 1_763_950_000_000
            stored["schema_version"] = 21
            policies[name] = stored
            return .json(
                201,
                ["_id": .string(name), "_version": 1, "_seq_no": 1, "_primary_term": 1, "policy": ["policy": stored]])
        }
        guard let policy = policies[name] else {
            return Self.error(404, "status_exception", "Policy not found")
        }
        return .json(
            200, ["_id": .string(name), "_version": 1, "_seq_no": 1, "_primary_term": 1, "policy": policy])
    }

    private func explained(_ expression: String) -> StandInAnswer {
        var answer: [String: JSONValue] = ["total_managed_indices": JSONValue(managed.count)]
        for name in resolve(expression, withClosed: false) {
            let policy = managed[name].map { JSONValue.string($0) } ?? .null
            answer[name] = ["index.plugins.index_state_management.policy_id": policy]
        }
        return .json(200, .object(answer))
    }
}
