/// A value that a component's server stores but never shows, so that no backup holds it: a password, a token.
///
/// It is listed in the manifest, so that a restore knows the missing values and the affected objects.
package struct Withheld: Codable, Equatable, Sendable {
    /// The document it belongs to, relative to the tree's root.
    package var path: String
    /// For people: "data source 'Loki' of organisation 'Main Org.'".
    package var object: String
    /// The names under the component's `secrets:` that a restore looks up.
    package var secrets: [String]

    package init(path: String, object: String, secrets: [String]) {
        self.path = path
        self.object = object
        self.secrets = secrets
    }
}
