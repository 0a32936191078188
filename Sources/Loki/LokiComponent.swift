package import Components
package import Documents

/// A Loki of the stack that keeps its chunks in a file system of this machine, as configured in `dr.yaml`.
package struct LokiComponent: Equatable, Sendable {
    /// Its `url` is empty if none is configured: Loki's files are enough for a backup.
    package var access = HTTPAccess()
    /// Absolute path of the server's `common.path_prefix`, as mounted on this machine.
    package var data = ""
    /// Absolute path of the chunks' folder, if it is not `chunks` in `data`.
    package var chunks: String?
    /// Absolute path of the rules' folder, if it is not `rules` in `data`.
    package var rules: String?
    /// Absolute path of the write-ahead log, if it is not `wal` in `data`.
    package var wal: String?
    /// True makes the server write lines in memory into chunks before the copy.
    package var flush = false

    package init() {}
}

extension LokiComponent: Section {
    package static let keys: [Key<Self>] =
        HTTPAccess.keys.map { shared in
            var key = shared.within(\Self.access)
            // The server is queried for its schema and version only, and may be down.
            key.isRequired = false
            return key
        } + [
            Key(
                "data", \.data, as: .path, required: true,
                about: "The server's common.path_prefix, as mounted on this machine."),
            Key("chunks", \.chunks, as: .path, about: "The chunks' folder, if it is not 'chunks' in 'data'."),
            Key("rules", \.rules, as: .path, about: "The rules' folder, if it is not 'rules' in 'data'."),
            Key("wal", \.wal, as: .path, about: "The write-ahead log's folder, if it is not 'wal' in 'data'."),
            Key(
                "flush", \.flush, as: .flag,
                about: "Make the server write lines in memory into chunks first; needs 'url'."),
        ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        access.validate(written, &reader)
        guard access.url.isEmpty else { return }
        for key in ["flush", "username", "password", "bearer_token", "tls"] where written.contains(key) {
            guard key != "flush" || flush else { continue }
            reader.complain(written[key], "'\(key)' needs 'url'")
        }
    }
}
