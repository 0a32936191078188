package import Documents

/// The place of a component during a drill.
package struct Relocation: Equatable, Sendable {
    /// Absolute path of a directory of its own, which need not exist.
    package var data: String
    /// The drill's server for it; nil where there is none.
    package var url: String?
    package var username: String?
    package var password: Secret?

    package init(data: String, url: String? = nil, username: String? = nil, password: Secret? = nil) {
        self.data = data
        self.url = url
        self.username = username
        self.password = password
    }
}

extension HTTPAccess {
    /// Puts the drill's server in place of the live one: none of the live credentials go there.
    package mutating func relocate(_ place: Relocation) {
        url = place.url ?? ""
        username = place.username
        password = place.password
        bearerToken = nil
        tls = TLSOptions()
    }
}
