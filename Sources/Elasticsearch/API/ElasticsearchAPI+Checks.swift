internal import Documents
internal import HTTP

/// Calls of checks, recorded queries and canaries. They block: for a pool's thread.
extension ElasticsearchAPI {
    /// The identifier of the cluster.
    func uuid() throws -> String? {
        try value(ElasticsearchCall("GET", [], needs: "the cluster privilege 'monitor'"))["cluster_uuid"]?.text
    }

    /// The state of the shards of a multi-index expression, index by index.
    func shards(of expression: String) throws -> JSONValue {
        try value(
            ElasticsearchCall(
                "GET", ["_cluster", "health", expression], query: ["level": "indices"],
                needs: "the cluster privilege 'monitor'"))
    }

    /// The documents that a search finds.
    /// - Returns: nil if the index does not exist.
    func documents(in expression: String) throws -> JSONValue? {
        try existing(
            ElasticsearchCall("GET", [expression, "_count"], needs: "the index privilege 'read' for these indices"))
    }

    /// The source of one document; nil if it does not exist.
    func document(_ id: String, in index: String) throws -> JSONValue? {
        try existing(
            ElasticsearchCall("GET", [index, "_doc", id], needs: "the index privilege 'read' for this index"))?[
                "_source"]
    }

    func put(_ document: JSONValue, as id: String, in index: String) throws {
        _ = try value(
            ElasticsearchCall(
                "PUT", [index, "_doc", id], body: document, needs: "the index privilege 'write' for this index"))
    }

    /// The answer to a call, or nil if the object does not exist.
    private func existing(_ call: ElasticsearchCall) throws -> JSONValue? {
        do {
            return try value(call)
        } catch let error as ElasticsearchAPIError where error.status == 404 { return nil }
    }
}
