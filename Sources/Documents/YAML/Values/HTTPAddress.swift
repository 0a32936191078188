/// The base URL of a server: `http://prometheus:9090`, `https://grafana.example/sub`, `http://[::1]:9090`.
package enum HTTPAddress {
    /// Returns the URL without a slash at its end, or the reason why it is refused, to follow the words "the URL".
    ///
    /// The reason never repeats the URL, because it may contain a password.
    package static func parse(_ text: String) -> Result<String, Refusal> {
        let lower = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: lower.hasPrefix) else {
            return .failure(Refusal("does not start with http:// or https://"))
        }
        guard text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7f }) else {
            return .failure(Refusal("has a space or a character outside ASCII"))
        }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else {
            return .failure(Refusal("contains a user name or password", hint: "use the keys 'username' and 'password'"))
        }
        guard !rest.contains(where: { "?#".contains($0) }) else { return .failure(Refusal("has a query or fragment")) }
        guard isHostAndPort(authority) else { return .failure(Refusal("has an invalid host or port")) }
        var trimmed = Substring(text)
        while trimmed.last == "/" { trimmed.removeLast() }
        return .success(String(trimmed))
    }

    package struct Refusal: Error, Equatable {
        package var reason: String
        package var hint: String?

        package init(_ reason: String, hint: String? = nil) {
            self.reason = reason
            self.hint = hint
        }
    }

    private static func isHostAndPort(_ authority: Substring) -> Bool {
        var rest = authority
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { return false }
            let address = rest[rest.index(after: rest.startIndex)..<end]
            guard address.contains(":"), address.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else {
                return false
            }
            rest = rest[rest.index(after: end)...]
        } else {
            let host = rest.prefix { $0 != ":" }
            guard !host.isEmpty, host.allSatisfy({ $0.isLetter || $0.isNumber || "-._".contains($0) }) else {
                return false
            }
            rest = rest.dropFirst(host.count)
        }
        if rest.isEmpty { return true }
        guard rest.first == ":", let port = UInt16(rest.dropFirst()) else { return false }
        return port > 0
    }
}
