package import Documents

/// The access to a server of the stack: the keys that every kind with an HTTP interface shares.
package struct HTTPAccess: Equatable, Sendable {
    /// The base URL without a slash at its end.
    package var url = ""
    package var username: String?
    package var password: Secret?
    package var bearerToken: Secret?
    package var tls = TLSOptions()

    package init() {}
}

extension HTTPAccess: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "url", \.url, as: .serverURL, required: true,
            about: "Base URL of the server; kube://CONTEXT/NAMESPACE/services/NAME:PORT for one in a cluster."),
        Key("username", \.username, as: .text, about: "User name for basic authentication."),
        Key("password", \.password, as: .secret, about: "Password for basic authentication."),
        Key("bearer_token", \.bearerToken, as: .secret, about: "Token for bearer authentication."),
        Key("tls", \.tls, as: .section(), about: "TLS settings for https."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if (username == nil) != (password == nil) {
            let key = username == nil ? "password" : "username"
            reader.complain(written[key], "'username' and 'password' must be set together")
        }
        if bearerToken != nil, password != nil {
            reader.complain(written["bearer_token"], "'bearer_token' and 'password' exclude each other")
        }
        if written.contains("tls"), url.lowercased().hasPrefix("http://") {
            reader.complain(written["tls"], "'tls' needs an https:// URL")
        }
        if written.contains("tls"), case .success(let address) = ClusterAddress.parse(url), !address.usesTLS {
            reader.complain(written["tls"], "'tls' needs a URL of the form kube://…/services/https:NAME:PORT")
        }
    }
}

/// The TLS settings of one server; the paths are absolute paths of PEM files.
package struct TLSOptions: Equatable, Sendable {
    /// Trusted certificates, instead of the system's.
    package var caFile: String?
    /// The client's certificate; set together with its private key.
    package var certificateFile: String?
    package var keyFile: String?
    /// Accepts any certificate.
    package var insecure = false

    package init() {}
}

extension TLSOptions: Section {
    package static let keys: [Key<Self>] = [
        Key("ca_file", \.caFile, as: .path, about: "PEM certificates to trust, instead of the system's."),
        Key("cert_file", \.certificateFile, as: .path, about: "PEM certificate of the client."),
        Key("key_file", \.keyFile, as: .path, about: "PEM private key of that certificate."),
        Key("insecure", \.insecure, as: .flag, about: "Accept any certificate. For tests only."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if (certificateFile == nil) != (keyFile == nil) {
            let key = certificateFile == nil ? "key_file" : "cert_file"
            reader.complain(written[key], "'cert_file' and 'key_file' must be set together")
        }
        if insecure, caFile != nil {
            reader.complain(written["insecure"], "'insecure' and 'ca_file' exclude each other")
        }
    }
}
