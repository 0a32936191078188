internal import Documents
internal import Foundation

/// Repositories and snapshots: `/_snapshot/…`.
extension ElasticsearchCluster {
    mutating func snapshotAnswer(_ request: StandInRequest, _ path: [String]) -> StandInAnswer {
        guard let name = path.first else { return Self.noHandler(request) }
        if path.count == 1 { return repositoryAnswer(request, name) }
        guard let registration = repositories[name] else {
            return Self.error(404, "repository_missing_exception", "[\(name)] missing")
        }
        let place = Self.place(registration)
        switch (request.method, path.count, path.last) {
        case ("POST", 2, "_verify"): return .json(200, ["nodes": ["aB3": ["name": "node-1"]]])
        case ("PUT", 2, _): return create(path[1], in: name, registration, request)
        case ("GET", 2, _): return look(at: path[1], in: name, place)
        case ("DELETE", 2, _):
            guard registration["settings"]?["readonly"]?.text != "true" else {
                return Self.error(500, "repository_exception", "[\(name)] repository is readonly")
            }
            let isThere = shelf.change(at: place) { $0.removeValue(forKey: path[1]) != nil }
            return isThere ? Self.acknowledged : missing(name, path[1])
        case ("GET", 3, "_status"): return status(of: path[1], in: name, place)
        case ("POST", 3, "_restore"): return restore(path[1], from: name, place, request)
        default: return Self.noHandler(request)
        }
    }

    /// Returns the storage location of a registered repository.
    static func place(_ registration: JSONValue) -> String {
        let settings = registration["settings"]
        if registration["type"]?.text == "fs" { return "fs:\(settings?["location"]?.text ?? "")" }
        return "s3:\(settings?["bucket"]?.text ?? "")/\(settings?["base_path"]?.text ?? "")"
    }

    private func missing(_ repository: String, _ snapshot: String) -> StandInAnswer {
        Self.error(404, "snapshot_missing_exception", "[\(repository):\(snapshot)] is missing")
    }

    // MARK: Repositories

    private mutating func repositoryAnswer(_ request: StandInRequest, _ name: String) -> StandInAnswer {
        switch request.method {
        case "GET":
            guard let present = repositories[name] else {
                return Self.error(404, "repository_missing_exception", "[\(name)] missing")
            }
            return .json(200, .object([name: present]))
        case "DELETE":
            guard repositories.removeValue(forKey: name) != nil else {
                return Self.error(404, "repository_missing_exception", "[\(name)] missing")
            }
            return Self.acknowledged
        case "PUT":
            guard let body = request.json, let type = body["type"]?.text, let settings = body["settings"]?.object else {
                return Self.error(400, "parse_exception", "type and settings are required")
            }
            if let refusal = refusal(ofType: type, settings, name) { return refusal }
            // Elasticsearch shows all values as strings.
            let texts = settings.mapValues { value -> JSONValue in
                switch value {
                case .bool(let flag): .string(flag ? "true" : "false")
                case .number(let text): .string(text)
                default: value
                }
            }
            repositories[name] = ["type": .string(type), "settings": .object(texts), "uuid": "_na_"]
            return Self.acknowledged
        default: return Self.noHandler(request)
        }
    }

    private func refusal(ofType type: String, _ settings: [String: JSONValue], _ name: String) -> StandInAnswer? {
        func refused(_ reason: String) -> StandInAnswer {
            Self.error(
                500, "repository_exception", "[\(name)] failed to create repository",
                causedBy: ("illegal_argument_exception", reason))
        }
        switch type {
        case "fs":
            let location = settings["location"]?.text ?? ""
            let isAllowed = options.pathRepo.contains { location == $0 || location.hasPrefix("\($0)/") }
            guard !isAllowed, location.hasPrefix("/") || options.pathRepo.isEmpty else { return nil }
            let why =
                options.pathRepo.isEmpty
                ? "because this setting is empty" : "[\(options.pathRepo.joined(separator: ", "))]"
            return refused(
                "[\(name)] location [\(location)] doesn't match any of the locations specified by path.repo \(why)")
        case "s3":
            guard settings["bucket"]?.text != nil else { return refused("No bucket defined for s3 repository") }
            let client = settings["client"]?.text ?? "default"
            guard !options.s3Clients.contains(client) else { return nil }
            return refused("Unknown s3 client name [\(client)]. Existing client configs: default")
        default:
            return Self.error(
                500, "repository_exception", "[\(name)] repository type [\(type)] does not exist")
        }
    }

    // MARK: Creating

    private mutating func create(
        _ name: String, in repository: String, _ registration: JSONValue, _ request: StandInRequest
    ) -> StandInAnswer {
        guard name == name.lowercased(), !name.contains(where: { " *\"<>|/\\?#,".contains($0) }) else {
            return Self.error(400, "invalid_snapshot_name_exception", "[\(repository):\(name)] Invalid snapshot name")
        }
        guard registration["settings"]?["readonly"]?.text != "true" else {
            return Self.error(
                500, "repository_exception", "[\(repository)] cannot create snapshot in a readonly repository")
        }
        let body = request.json ?? [:]
        if options.isOpenSearch, body["feature_states"] != nil {
            return Self.error(400, "illegal_argument_exception", "Unknown parameter feature_states")
        }
        guard busyFor == 0 else {
            busyFor -= 1
            return Self.error(
                503, "concurrent_snapshot_execution_exception",
                "[\(repository):\(name)] cannot snapshot while a repository cleanup is in-progress")
        }
        let place = Self.place(registration)
        guard shelf.snapshots(at: place)[name] == nil else {
            return Self.error(
                400, "invalid_snapshot_name_exception",
                "[\(repository):\(name)] Invalid snapshot name [\(name)], snapshot with the same name already exists")
        }
        let chosen = resolve(body["indices"]?.text ?? "*", withClosed: true)
        let isPartial = body["partial"]?.bool == true
        let lost = chosen.filter { indices[$0]?.lostShards.isEmpty == false }
        guard lost.isEmpty || isPartial else {
            return Self.error(
                500, "snapshot_exception",
                "[\(repository):\(name)] Indices don't have primary shards [\(lost.joined(separator: ", "))]")
        }
        let entry = snapshot(name, of: chosen, body, fails: failsNextSnapshot)
        failsNextSnapshot = false
        shelf.change(at: place) { $0[name] = entry }
        return .json(200, ["accepted": true])
    }

    private func snapshot(_ name: String, of chosen: [String], _ body: JSONValue, fails: Bool) -> JSONValue {
        var failures: [JSONValue] = []
        var content: [String: JSONValue] = [:]
        var shards = 0
        for each in chosen {
            guard let index = indices[each] else { continue }
            shards += index.primaries
            var lost = index.lostShards
            if fails { for shard in 0..<index.primaries { lost[shard] = "disk full" } }
            for (shard, reason) in lost.sorted(by: { $0.key < $1.key }) {
                failures.append([
                    "index": .string(each), "index_uuid": .string(index.uuid), "shard_id": JSONValue(shard),
                    "reason": .string(reason), "status": "INTERNAL_SERVER_ERROR",
                ])
            }
            var kept = index
            kept.documents = index.documents * max(0, index.primaries - lost.count) / index.primaries
            kept.lostShards = lost
            content[each] = kept.json
        }
        let state = fails ? "FAILED" : failures.isEmpty ? "SUCCESS" : "PARTIAL"
        let now = Int(Date().timeIntervalSince1970 * 1000)
        var info: [String: JSONValue] = [
            "snapshot": .string(name), "uuid": .string(UUID().uuidString), "version": .string(options.version),
            "indices": .array(chosen.map { .string($0) }), "data_streams": [], "include_global_state": false,
            "state": .string(state), "start_time_in_millis": JSONValue(now), "end_time_in_millis": JSONValue(now + 5),
            "duration_in_millis": 5, "failures": .array(failures),
            "shards": [
                "total": JSONValue(shards), "failed": JSONValue(failures.count),
                "successful": JSONValue(shards - failures.count),
            ],
        ]
        info["metadata"] = body["metadata"]
        return [
            "info": .object(info), "indices": .object(content),
            "polls": JSONValue(neverFinishes ? Int.max / 2 : options.polls),
        ]
    }

    // MARK: Reading

    private func look(at name: String, in repository: String, _ place: String) -> StandInAnswer {
        let seen: (info: JSONValue, isRunning: Bool)? = shelf.change(at: place) { snapshots in
            guard let entry = snapshots[name], let info = entry["info"], let polls = entry["polls"]?.integer else {
                return nil
            }
            if polls > 0 { snapshots[name]?["polls"] = JSONValue(polls - 1) }
            return (info, polls > 0)
        }
        guard let seen else {
            guard options.answersByRepository else { return missing(repository, name) }
            return .json(
                200,
                [
                    "responses": [
                        [
                            "repository": .string(repository),
                            "error": [
                                "type": "snapshot_missing_exception",
                                "reason": .string("[\(repository):\(name)] is missing"),
                            ],
                        ]
                    ]
                ])
        }
        var info = seen.info
        if seen.isRunning {
            info["state"] = "IN_PROGRESS"
            info["failures"] = []
            info["end_time_in_millis"] = 0
            info["shards"] = ["total": 0, "failed": 0, "successful": 0]
        }
        if options.answersByRepository {
            return .json(200, ["responses": [["repository": .string(repository), "snapshots": [info]]]])
        }
        return .json(200, ["snapshots": [info], "total": 1, "remaining": 0])
    }

    private func status(of name: String, in repository: String, _ place: String) -> StandInAnswer {
        guard let entry = shelf.snapshots(at: place)[name], let polls = entry["polls"]?.integer else {
            return missing(repository, name)
        }
        let total = entry["info"]?["shards"]?["total"]?.integer ?? 0
        let done = polls > 0 ? max(0, total - polls) : total
        func size(_ shards: Int) -> JSONValue {
            ["file_count": JSONValue(shards), "size_in_bytes": JSONValue(shards * 1000)]
        }
        return .json(
            200,
            [
                "snapshots": [
                    [
                        "snapshot": .string(name), "repository": .string(repository),
                        "state": polls > 0 ? "STARTED" : "SUCCESS",
                        "shards_stats": ["done": JSONValue(done), "total": JSONValue(total), "failed": 0],
                        "stats": ["incremental": size(total), "processed": size(done), "total": size(total)],
                    ]
                ]
            ])
    }

    // MARK: Restoring

    private mutating func restore(
        _ name: String, from repository: String, _ place: String, _ request: StandInRequest
    ) -> StandInAnswer {
        let body = request.json ?? [:]
        if options.isOpenSearch, body["feature_states"] != nil {
            return Self.error(400, "illegal_argument_exception", "Unknown parameter feature_states")
        }
        guard let content = shelf.snapshots(at: place)[name]?["indices"]?.object else {
            return missing(repository, name)
        }
        func refused(_ reason: String) -> StandInAnswer {
            Self.error(500, "snapshot_restore_exception", "[\(repository):\(name)] \(reason)")
        }
        let wanted = (body["indices"]?.text ?? "*").split(separator: ",").map(String.init)
        let chosen = content.keys.filter { Self.matches(wanted, $0) }.sorted()
        if let absent = wanted.first(where: { !$0.contains("*") && content[$0] == nil }) {
            return Self.error(404, "index_not_found_exception", "no such index [\(absent)]")
        }
        var restored: [String: Index] = [:]
        for each in chosen {
            guard var index = content[each].map(Index.init) else { continue }
            let target = Self.renamed(each, body)
            if let present = indices[target] {
                guard !present.isOpen else {
                    return refused(
                        "cannot restore index [\(target)] because an open index with same name already exists in the "
                            + "cluster. Either close or delete the existing index or restore the index under a "
                            + "different name by providing a rename pattern and replacement name")
                }
                guard present.primaries == index.primaries else {
                    return refused(
                        "cannot restore index [\(target)] with [\(present.primaries)] shards from a snapshot of index "
                            + "[\(each)] with [\(index.primaries)] shards")
                }
            }
            if !index.lostShards.isEmpty, body["partial"]?.bool != true {
                return refused("index [\(each)] wasn't fully snapshotted - cannot restore")
            }
            for setting in body["ignore_index_settings"]?.array ?? [] { index.settings[setting.text ?? ""] = nil }
            if body["include_aliases"]?.bool == false { index.aliases = [:] }
            index.isOpen = true
            index.lostShards = [:]
            index.uuid = UUID().uuidString
            index.settings["index.uuid"] = .string(index.uuid)
            index.documents -= lostInRestore
            index.recovering = neverRecovers ? -1 : options.polls
            restored[target] = index
        }
        let after = indices.merging(restored) { $1 }
        if let refusal = Self.aliasRefusal(after) { return refusal }
        indices = after
        return .json(200, ["accepted": true])
    }

    private static func renamed(_ name: String, _ body: JSONValue) -> String {
        guard let pattern = body["rename_pattern"]?.text, let template = body["rename_replacement"]?.text,
            let expression = try? NSRegularExpression(pattern: pattern)
        else { return name }
        let range = NSRange(name.startIndex..., in: name)
        return expression.stringByReplacingMatches(in: name, range: range, withTemplate: template)
    }

    static func aliasRefusal(_ indices: [String: Index]) -> StandInAnswer? {
        var writers: [String: [String]] = [:]
        var hidden: [String: Set<Bool>] = [:]
        for (name, index) in indices {
            for (alias, properties) in index.aliases {
                guard indices[alias] == nil else {
                    return error(
                        400, "invalid_alias_name_exception",
                        "Invalid alias name [\(alias)]: an index or data stream exists with the same name as the alias")
                }
                if properties["is_write_index"]?.bool == true { writers[alias, default: []].append(name) }
                hidden[alias, default: []].insert(properties["is_hidden"]?.bool == true)
            }
        }
        if let (alias, _) = hidden.first(where: { $0.value.count > 1 }) {
            return error(
                500, "illegal_state_exception", "alias [\(alias)] has is_hidden set to true on some of its indices only"
            )
        }
        guard let (alias, names) = writers.first(where: { $0.value.count > 1 }) else { return nil }
        return error(
            400, "illegal_argument_exception",
            "alias [\(alias)] has more than one write index [\(names.sorted().joined(separator: ","))]")
    }
}

extension ElasticsearchCluster.Index {
    var json: JSONValue {
        [
            "documents": JSONValue(documents), "newest": newest.map { JSONValue($0) } ?? .null,
            "aliases": .object(aliases), "mappings": mappings, "settings": .object(settings),
            "sources": .object(sources),
            "lostShards": .object(Dictionary(lostShards.map { ("\($0.key)", .string($0.value)) }) { $1 }),
        ]
    }

    init(_ json: JSONValue) {
        documents = json["documents"]?.integer ?? 0
        newest = json["newest"]?.integer
        aliases = json["aliases"]?.object ?? [:]
        mappings = json["mappings"] ?? [:]
        settings = json["settings"]?.object ?? [:]
        sources = json["sources"]?.object ?? [:]
        for (shard, reason) in json["lostShards"]?.object ?? [:] { lostShards[Int(shard) ?? 0] = reason.text ?? "" }
    }
}
