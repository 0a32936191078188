import BackupRepository
import Operations
import Platform

extension Endpoint {
    static let sets: [Endpoint] = [
        Endpoint(
            path: "/diff/{older}/{newer}", about: "The document of `dr diff OLDER NEWER`.", definition: "diff",
            parameters: [set("older"), set("newer")],
            stream: { site, routed in
                let older = try site.namedSet(routed["older"]), newer = try site.namedSet(routed["newer"])
                let parts = try Set(older.components.keys).union(newer.components.keys).sorted().compactMap {
                    try site.listings.difference($0, from: older, to: newer)
                }
                return { stream in
                    var text = "{\"changes\": ["
                    var isFirst = true
                    for part in parts {
                        let (before, after) = try part.open()
                        try before.changes(to: after) { change, record, old in
                            text += isFirst ? "\n" : ",\n"
                            text += try Output.json(ChangeRow(change, of: record, in: part.component, was: old), [])
                            isFirst = false
                            guard text.utf8.count > 64 << 10 else { return }
                            try stream.write(text)
                            text = ""
                        }
                    }
                    try stream.write(text + "]}\n")
                }
            })
    ]

    private static func set(_ name: String) -> Parameter {
        Parameter(
            name: name, isInPath: true, about: "The name of a backup set, or `latest`.",
            schema: #"{"type": "string", "pattern": "^([0-9]{8}T[0-9]{6}Z|latest)$"}"#, example: "latest")
    }
}

extension Site {
    /// Reads the set of a name, or the newest one for `latest`.
    fileprivate func namedSet(_ name: String) throws -> BackupSet {
        guard name == "latest" else { return try listings.set(name).0 }
        guard let newest = try snapshot().shelf.rows.last?.set.name else {
            throw PageFailure.notFound("there is no backup set yet")
        }
        return try listings.set(newest.description).0
    }
}
