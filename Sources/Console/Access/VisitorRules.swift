import Cryptography
import Platform
import StackConfiguration

/// The rules for visitors: a token, a certificate, or none on the loopback interface.
package struct VisitorRules: Sendable {
    /// The shortest accepted token.
    package static let shortestToken = 16

    package var address: ListenAddress
    /// The bytes of the token; nil if visitors need none.
    package var token: [UInt8]?
    package var acceptsCertificates: Bool
    package var usesTLS: Bool
    /// Names of the host in requests, in addition to the loopback ones.
    package var hosts: [String] = []

    package init(
        address: ListenAddress, token: [UInt8]? = nil, acceptsCertificates: Bool = false, usesTLS: Bool = false,
        hosts: [String] = []
    ) {
        self.address = address
        self.token = token
        self.acceptsCertificates = acceptsCertificates
        self.usesTLS = usesTLS
        self.hosts = hosts
    }

    /// True if visitors must show a token or a certificate.
    package var isClosed: Bool { token != nil || acceptsCertificates }

    /// - Throws: `UsageError` for an address that other machines reach without a token or a certificate.
    package func check() throws {
        guard address.isLoopback || isClosed else {
            throw UsageError(
                "other machines reach \(address), so the console needs a token or certificates of visitors",
                hint: "create a token with `openssl rand -hex 24 > console-token; chmod 600 console-token`, then add "
                    + "--token-file console-token; or add --client-ca with --tls-certificate and --tls-key")
        }
        if let token, token.count < Self.shortestToken {
            throw UsageError(
                "the token of the console is shorter than \(Self.shortestToken) characters",
                hint: "create one with `openssl rand -hex 24`")
        }
    }

    /// Returns true if the token is right, in a time that does not depend on the place of the first difference.
    func accepts(token given: [UInt8]) -> Bool {
        guard let token else { return false }
        // Hashes have one length, so that the time does not tell the length of the token either.
        let (left, right) = (Digest(of: token).bytes, Digest(of: given).bytes)
        return zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// The reason to refuse a request for its `Host`: a page of another site could otherwise read a console without a
    /// token, by a name that it lets lead to this machine.
    func complaint(aboutHost host: String?) -> String? {
        guard token == nil, address.isLoopback else { return nil }
        guard let host else { return "the request names no host" }
        guard let name = Self.name(in: host)?.lowercased() else {
            return "the request names the host '\(host.printable)', which is not valid"
        }
        let known = ["localhost", "127.0.0.1", "[::1]", address.host] + hosts.map { $0.lowercased() }
        return known.contains(name) ? nil : "the console does not serve the host '\(name.printable)'"
    }

    /// The name without the port; nil if anything else than a port follows the name.
    private static func name(in host: String) -> String? {
        let name =
            if host.hasPrefix("["), let end = host.firstIndex(of: "]") { host[...end] } else {
                host.prefix { $0 != ":" }
            }
        let rest = host[name.endIndex...]
        let isPort = rest.first == ":" && rest.dropFirst().utf8.allSatisfy { (48...57).contains($0) }
        return rest.isEmpty || isPort ? String(name) : nil
    }
}
