package import Components
package import Documents

/// A Loki of the stack that keeps its chunks in a file system of this machine, by its entry in `dr.yaml`.
package struct LokiComponent: Equatable, Sendable {
    /// Its `url` is empty where none is written: Loki's files alone make a backup.
    package var access = HTTPAccess()
    /// Absolute path of the server's `common.path_prefix`, as this machine sees it.
    package var data = ""
    /// Absolute path of the chunks' folder, where it is not `chunks` in `data`.
    package var chunks: String?
    /// Absolute path of the rules' folder, where it is not `rules` in `data`.
    package var rules: String?
    /// Absolute path of the write-ahead log, where it is not `wal` in `data`.
    package var wal: String?
    /// Ask the server to write what it has in memory into chunks before it is copied.
    package var flush = false

    package init() {}
}

extension LokiComponent: Section {
    package static let keys: [Key<Self>] =
        HTTPAccess.keys.map { shared in
            var key = shared.within(\Self.access)
            // The server is asked for its schema and version only, and may be down.
            key.isRequired = false
            return key
        } + [
            Key(
                "data", \.data, as: .path, required: true,
                about: "The server's common.path_prefix, as this machine sees it."),
            Key("chunks", \.chunks, as: .path, about: "The chunks' folder, where it is not 'chunks' in 'data'."),
            Key("rules", \.rules, as: .path, about: "The rules' folder, where it is not 'rules' in 'data'."),
            Key("wal", \.wal, as: .path, about: "The write-ahead log's folder, where it is not 'wal' in 'data'."),
            Key(
                "flush", \.flush, as: .flag,
                about: "Have the server write what is in memory into chunks first; needs 'url'."),
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
