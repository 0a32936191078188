import ArgumentParser
import Cryptography
import Operations
import StackConfiguration

/// The options of the commands that can read a repository without a configuration.
struct StoreOptions: ParsableArguments {
    @Option(
        name: .long,
        help: """
            Store of the backups, instead of the one in dr.yaml: s3://bucket/prefix or file:///absolute/path. dr then \
            reads no configuration. AWS_ENDPOINT_URL and AWS_REGION apply.
            """)
    var store: StoreLocation?

    @Option(
        name: .long, parsing: .singleValue,
        help: """
            SHA-256 fingerprint of the certificate that must have signed a backup set, instead of those in dr.yaml; may \
            be repeated.
            """)
    var trust: [Fingerprint] = []

    @Option(name: .long, help: "With --store: name of the stack (default: the stack of the newest backup set).")
    var stack: String?

    @Option(
        name: .long,
        help: "Number of a backup set that must exist, or a newer one: NUMBER, or NUMBER:SHA256 of its document.")
    var expectSet: ExpectedSet?

    @Option(name: .long, help: "Use this copy of `store: copies:` in dr.yaml, and not the first store.")
    var copy: String?

    func validate() throws {
        if copy != nil, store != nil { throw ValidationError("--copy and --store exclude each other") }
        if stack != nil, store == nil { throw ValidationError("--stack needs --store") }
        if stack?.isEmpty == true { throw ValidationError("--stack takes the name of a stack") }
    }
}

/// A SHA-256 fingerprint as `openssl x509 -fingerprint -sha256` prints it, with or without colons.
struct Fingerprint: ExpressibleByArgument {
    var digest: Digest

    init?(argument: String) {
        guard let digest = Digest(hex: argument.lowercased().filter { $0 != ":" }) else { return nil }
        self.digest = digest
    }
}

extension ExpectedSet: ExpressibleByArgument {}

extension StoreLocation: ExpressibleByArgument {
    public init?(argument: String) {
        guard let location = try? StoreLocation(argument) else { return nil }
        self = location
    }
}

extension Session {
    /// The session of a command that `--store` frees from the configuration.
    init(_ options: GlobalOptions, _ store: StoreOptions, key: RecoveryKeyOptions) async throws {
        guard let location = store.store else {
            try self.init(options)
            if let name = store.copy, let copy = try copies([name]).first { self = on(copy) }
            trust = store.trust.map(\.digest)
            take(key)
            expectedSet = store.expectSet
            return
        }
        if options.config != nil { throw ValidationError("--store and --config exclude each other") }
        self = try await Session.withoutConfiguration(
            options.output, store: location, stack: store.stack, trust: store.trust.map(\.digest),
            recoveryKey: key.recoveryKey, passphrases: Passphrases(recovery: key.passphrase.source),
            kinds: supportedKinds)
        expectedSet = store.expectSet
    }
}
