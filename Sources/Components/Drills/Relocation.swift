package import Documents

/// The directory and server of a component during a drill.
package struct Relocation: Equatable, Sendable {
    /// The absolute path of the component's drill directory, which need not exist.
    package var data: String
    /// The URL of the drill's server for the component; nil if there is none.
    package var url: String?
    package var username: String?
    package var password: Secret?
    /// True if the drill's server has the live server's credentials: it is made from the same manifests.
    package var keepsCredentials = false

    package init(data: String, url: String? = nil, username: String? = nil, password: Secret? = nil) {
        self.data = data
        self.url = url
        self.username = username
        self.password = password
    }
}

extension HTTPAccess {
    /// Replaces the live server and its credentials by the drill's server.
    package mutating func relocate(_ place: Relocation) {
        url = place.url ?? ""
        guard !place.keepsCredentials else { return }
        username = place.username
        password = place.password
        bearerToken = nil
        tls = TLSOptions()
    }
}
