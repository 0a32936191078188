package import Documents

/// The marks by which `dr init --discover` recognises a running server of a kind.
package struct Recognition: Sendable {
    /// The port that the server uses by default.
    package var port: Int
    /// The file names of the server's program, as in the units of a service manager.
    package var programs: [String]
    /// The address in the start arguments of the server.
    package var address: @Sendable (StartArguments) -> ServerAddress
    /// Asks a server for its version and its paths. It sends requests that change nothing.
    ///
    /// Returns nil if another program answers.
    package var ask: @Sendable (ServerProbe, StartArguments) -> RecognizedServer?

    package init(
        port: Int, programs: [String],
        address: @escaping @Sendable (StartArguments) -> ServerAddress = { _ in .init() },
        ask: @escaping @Sendable (ServerProbe, StartArguments) -> RecognizedServer?
    ) {
        self.port = port
        self.programs = programs
        self.address = address
        self.ask = ask
    }
}

/// The part of a server's address that its start arguments name.
package struct ServerAddress: Equatable, Sendable {
    /// The host that the server listens on; nil for all or for the default.
    package var host: String?
    package var port: Int?
    /// The path before all others, with a slash in front and none at the end; or empty.
    package var prefix: String

    package init(host: String? = nil, port: Int? = nil, prefix: String = "") {
        self.host = host
        self.port = port
        self.prefix = prefix
    }

    /// Reads `host:port`, `:port` or `[::1]:port`, and a path or URL as the prefix.
    package init(listen: String?, prefix: String?) {
        self.init()
        if let listen, let colon = listen.lastIndex(of: ":") {
            let host = listen[..<colon].filter { $0 != "[" && $0 != "]" }
            self.host = host.isEmpty ? nil : String(host)
            port = Int(listen[listen.index(after: colon)...]).flatMap { (1...65535).contains($0) ? $0 : nil }
        }
        guard var path = prefix.map({ $0[...] }) else { return }
        if let scheme = path.firstRange(of: "://") {
            let rest = path[scheme.upperBound...]
            path = rest.firstIndex(of: "/").map { rest[$0...] } ?? ""
        }
        let parts = path.split(separator: "/")
        let isPlain = parts.joined().utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-_.~".utf8.contains(byte)
            }
        }
        self.prefix = isPlain ? parts.map { "/\($0)" }.joined() : ""
    }
}

/// The command line of a server.
package struct StartArguments: Equatable, Sendable {
    /// The words after the program.
    package var words: [String]

    package init(_ words: [String] = []) { self.words = words }

    /// The value of `--name=value`, `--name value`, or of both with one dash. The last one counts.
    package func value(of name: String) -> String? {
        for index in words.indices.reversed() {
            guard let rest = option(words[index], name) else { continue }
            if rest.hasPrefix("=") { return String(rest.dropFirst()) }
            let next = words.index(after: index)
            if rest.isEmpty, next < words.endIndex, !words[next].hasPrefix("-") { return words[next] }
        }
        return nil
    }

    private func option(_ word: String, _ name: String) -> Substring? {
        for dashes in ["--", "-"] where word.hasPrefix(dashes + name) {
            let rest = word.dropFirst(dashes.count + name.count)
            if rest.isEmpty || rest.hasPrefix("=") { return rest }
        }
        return nil
    }
}

/// Requests to one server that may be of a kind.
package struct ServerProbe: Sendable {
    package struct Answer: Sendable {
        package var status: Int
        package var body: [UInt8]

        package init(status: Int, body: [UInt8]) {
            self.status = status
            self.body = body
        }

        /// The body of a successful answer as JSON; nil if it is not JSON.
        package var document: JSONValue? {
            (200..<300).contains(status) ? try? JSONValue(parsing: body) : nil
        }
    }

    /// The address without a slash at the end.
    package let url: String
    private let send: @Sendable (String) -> Answer?

    package init(url: String, send: @escaping @Sendable (String) -> Answer?) {
        self.url = url
        self.send = send
    }

    /// Sends `GET` for a path below the address. Blocks.
    /// - Returns: nil if there is no answer.
    package func get(_ path: String) -> Answer? { send(path) }
}

/// A server that a kind has recognised, with the settings that `dr.yaml` needs.
package struct RecognizedServer: Equatable, Sendable {
    /// One line of an entry in `dr.yaml`.
    package struct Setting: Equatable, Sendable {
        package var key: String
        package var value: Value
        /// The origin of the value.
        package var remark: String

        package enum Value: Equatable, Sendable {
            /// Any text; the writer quotes it.
            case text(String)
            /// Any other value.
            case value(JSONValue)

            fileprivate var words: String {
                switch self {
                case .text(let text): text
                case .value(let value): String(decoding: value.compact, as: UTF8.self)
                }
            }
        }

        package init(_ key: String, _ value: Value, from remark: String) {
            self.key = key
            self.value = value
            self.remark = remark
        }
    }

    /// As the server reports it: "Server 2.42.0".
    package var product: String
    package var settings: [Setting]
    /// The facts that a backup needs and that dr did not find. The entry stays inactive then.
    package var missing: [String]
    /// The components of other kinds that hold a part of the server's data.
    package var companions: [Companion]

    package init(
        product: String, settings: [Setting], missing: [String] = [], companions: [Companion] = []
    ) {
        self.product = product
        self.settings = settings
        self.missing = missing
        self.companions = companions
    }

    /// A component of another kind that holds a part of the server's data. It becomes a comment in `dr.yaml`, because dr
    /// does not know the access to it.
    package struct Companion: Encodable, Equatable, Sendable {
        package var kind: String
        package var settings: [Setting]
        /// One line: what the component holds, and what the operator has to add.
        package var reason: String

        package init(kind: String, settings: [Setting], reason: String) {
            self.kind = kind
            self.settings = settings
            self.reason = reason
        }

        private enum CodingKeys: String, CodingKey { case kind, settings, reason }

        /// Encodes the settings as a JSON object whose values are strings. A number, list or object is a string of its JSON.
        package func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(kind, forKey: .kind)
            try values.encode(Dictionary(settings.map { ($0.key, $0.value.words) }) { $1 }, forKey: .settings)
            try values.encode(reason, forKey: .reason)
        }
    }
}
