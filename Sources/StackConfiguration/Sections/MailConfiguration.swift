package import Documents

/// The recipients of a mail, and the server that accepts it.
package struct MailConfiguration: Equatable, Sendable {
    package var channel = ChannelOptions()
    /// `smtp://host:587` or `smtps://host:465`.
    package var server = ""
    package var startTLS = true
    package var from = ""
    package var to: [String] = []
    package var username: String?
    package var password: Secret?
    /// Absolute path.
    package var caFile: String?
    package var insecure = false

    package init() {}
}

extension MailConfiguration: Section {
    package static let keys: [Key<Self>] =
        [
            Key(
                "server", \.server, as: .mailServer, required: true,
                about: "Mail server: smtp://host:587 or smtps://host:465."),
            Key("from", \.from, as: .mailAddress, required: true, about: "Address of the sender."),
            Key("to", \.to, as: .list(of: .mailAddress), required: true, about: "Addresses of the recipients."),
            Key("username", \.username, as: .text, about: "User name on the mail server."),
            Key("password", \.password, as: .secret, about: "Password on the mail server."),
            Key("starttls", \.startTLS, as: .flag, about: "Require STARTTLS on smtp://. Default: true."),
            Key("ca_file", \.caFile, as: .path, about: "PEM certificates to trust, instead of the system's."),
            Key("insecure", \.insecure, as: .flag, about: "Accept any certificate. For tests only."),
        ] + ChannelOptions.keys.map { $0.within(\.channel) }

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if (username == nil) != (password == nil) {
            let key = username == nil ? "password" : "username"
            reader.complain(written[key], "'username' and 'password' must be set together")
        }
        if to.isEmpty { reader.complain(written["to"], "'to' is empty") }
        guard !startTLS else { return }
        if server.hasPrefix("smtps:") {
            reader.complain(written["starttls"], "'starttls' is for smtp://; smtps:// is encrypted from the start")
        } else if password != nil {
            reader.complain(
                written["starttls"], "without STARTTLS the password would be sent unencrypted",
                hint: "remove 'starttls', or 'username' and 'password'")
        }
    }
}

extension Shape where Value == String {
    fileprivate static let mailServer = Shape(schema: ["type": "string", "pattern": "^smtps?://"]) { node, reader in
        guard let url = text.read(node, &reader) else { return nil }
        guard let scheme = ["smtp://", "smtps://"].first(where: url.hasPrefix) else {
            reader.complain(node, "the server does not start with smtp:// or smtps://")
            return nil
        }
        // Host and port are parsed as in any URL; a path would be the name for the greeting.
        switch HTTPAddress.parse("http://" + url.dropFirst(scheme.count)) {
        case .success(let address): return scheme + address.dropFirst("http://".count)
        case .failure(let refusal):
            reader.complain(node, "the server's address \(refusal.reason)", hint: refusal.hint)
            return nil
        }
    }

    fileprivate static let mailAddress = Shape(schema: ["type": "string", "pattern": "^[^@ <>]+@[^@ <>]+$"]) {
        node, reader in
        guard let address = text.read(node, &reader) else { return nil }
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        let isPlain = address.unicodeScalars.allSatisfy {
            $0.value > 0x20 && $0.value < 0x7f && !"<>,;\"()".unicodeScalars.contains($0)
        }
        guard isPlain, parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
            reader.complain(node, "'\(address)' is not a plain mail address, such as oncall@example.org")
            return nil
        }
        return address
    }
}
