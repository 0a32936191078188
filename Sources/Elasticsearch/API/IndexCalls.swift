internal import Documents
internal import HTTP
internal import Platform

/// One index as `_cat/indices` lists it.
struct ListedIndex: Equatable, Sendable {
    var name: String
    var isOpen: Bool
    var primaries: Int
    /// Of primaries and replicas, in bytes.
    var size: Int?
}

extension ElasticsearchAPI {
    private static let metadata = "the index privilege 'view_index_metadata' (and 'monitor') for these indices"
    private static let read = "the index privilege 'read' for these indices"

    /// Open and closed indices of a multi-index expression, by name.
    func indices(matching expression: String) async throws -> [ListedIndex] {
        let answer = try await find(
            ElasticsearchCall(
                "GET", ["_cat", "indices", expression],
                query: [
                    "format": "json", "bytes": "b", "h": "index,status,pri,store.size", "expand_wildcards": "all",
                ], needs: Self.metadata))
        return (answer?.array ?? []).compactMap { row in
            guard let name = row["index"]?.text else { return nil }
            return ListedIndex(
                name: name, isOpen: row["status"]?.text != "close", primaries: row["pri"]?.quantity ?? 0,
                size: row["store.size"]?.quantity)
        }.sorted { $0.name < $1.name }
    }

    /// Aliases, mappings and flat settings of one index; nil if it does not exist.
    func index(_ name: String) async throws -> JSONValue? {
        // For an alias, the answer holds the index behind it, under the index's name.
        try await find(
            ElasticsearchCall(
                "GET", [name], query: ["flat_settings": "true", "expand_wildcards": "all"], needs: Self.metadata))?[
                name]
    }

    /// The number of documents that a search finds. Nested ones, of which Jaeger's spans have many, are not counted.
    /// - Returns: nil if a shard did not answer.
    func count(_ index: String) async throws -> Int? {
        do {
            let answer = try await send(ElasticsearchCall("GET", [index, "_count"], needs: Self.read))
            guard answer["_shards"]?["failed"]?.integer == 0 else { return nil }
            return answer["count"]?.quantity
        } catch let error as ElasticsearchAPIError {
            switch error.reason {
            case .unreachable, .unauthenticated, .forbidden: throw error
            default: return nil
            }
        }
    }

    /// Makes indexed documents visible to searches.
    func refresh(_ expression: String) async throws {
        _ = try await find(
            ElasticsearchCall(
                "POST", [expression, "_refresh"], query: ["ignore_unavailable": "true"],
                needs: "the index privilege 'maintenance'"))
    }

    /// The greatest `startTimeMillis`, which every span of Jaeger has; nil if there is no span.
    func newestSpan(in expression: String) async throws -> Int? {
        let answer = try await find(
            ElasticsearchCall(
                "POST", [expression, "_search"], query: ["size": "0", "ignore_unavailable": "true"],
                body: ["aggs": ["newest": ["max": ["field": "startTimeMillis"]]]], needs: Self.read))
        return answer?["aggregations"]?["newest"]?["value"]?.milliseconds
    }

    func close(_ indices: [String]) async throws {
        _ = try await send(
            ElasticsearchCall(
                "POST", [indices.joined(separator: ","), "_close"],
                needs: "the index privilege 'manage' for these indices"))
    }

    // MARK: During a restore

    struct Health: Equatable, Sendable {
        var dataNodes: Int
        /// By index: "green", "yellow", "red".
        var status: [String: String]
    }

    func health(of indices: [String]) async throws -> Health {
        var call = ElasticsearchCall(
            "GET", ["_cluster", "health", indices.joined(separator: ",")],
            query: ["level": "indices", "wait_for_status": "yellow", "timeout": "1s"],
            needs: "the cluster privilege 'monitor'")
        call.accepts = [408]  // not yellow yet, with the same body
        call.isRetried = false
        let answer = try await send(call)
        return Health(
            dataNodes: answer["number_of_data_nodes"]?.quantity ?? 1,
            status: (answer["indices"]?.object ?? [:]).compactMapValues { $0["status"]?.text })
    }

    /// The bytes that recoveries of these indices have copied, and their total.
    func recovery(of indices: [String]) async throws -> (done: Int, total: Int) {
        var call = ElasticsearchCall(
            "GET", [indices.joined(separator: ","), "_recovery"], needs: "the index privilege 'monitor'")
        call.isRetried = false
        let shards = (try await find(call)?.object ?? [:]).values.flatMap { $0["shards"]?.array ?? [] }
        return shards.reduce(into: (0, 0)) { sums, shard in
            sums.0 = sums.0.plus(shard["index"]?["size"]?["recovered_in_bytes"]?.quantity ?? 0)
            sums.1 = sums.1.plus(shard["index"]?["size"]?["total_in_bytes"]?.quantity ?? 0)
        }
    }
}
