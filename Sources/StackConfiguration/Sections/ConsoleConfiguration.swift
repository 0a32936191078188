package import Documents

/// The settings of `dr serve`.
package struct ConsoleConfiguration: Equatable, Sendable {
    /// The address and port; nil for the default.
    package var listen: String?
    /// The absolute path of the file with the token that a visitor needs.
    package var tokenFile: String?
    /// The absolute paths of the server's certificate and its key.
    package var certificate: String?
    package var key: String?
    /// The absolute path of the authorities that sign the certificates of clients.
    package var clientAuthority: String?
    /// Names under which browsers reach the console, in addition to its address.
    package var hosts: [String] = []

    package init() {}
}

extension ConsoleConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key("listen", \.listen, as: .text, about: "Address and port of the console. Default: 127.0.0.1:9419."),
        Key("token_file", \.tokenFile, as: .path, about: "File with the token that a visitor of the console needs."),
        Key("tls_certificate", \.certificate, as: .path, about: "Certificate of the console, PEM."),
        Key("tls_key", \.key, as: .path, about: "Private key of the certificate, PEM."),
        Key(
            "client_ca", \.clientAuthority, as: .path,
            about: "Certificates of the authorities that sign the certificates of visitors, PEM."),
        Key(
            "hosts", \.hosts, as: .list(of: .text),
            about: "Names under which browsers reach the console, such as that of a proxy."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if (certificate == nil) != (key == nil) {
            reader.complain(
                written[certificate == nil ? "tls_key" : "tls_certificate"],
                "'tls_certificate' and 'tls_key' need each other")
        }
        if clientAuthority != nil, certificate == nil {
            reader.complain(written["client_ca"], "'client_ca' needs 'tls_certificate'")
        }
    }
}
