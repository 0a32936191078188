/// Something that a component's server keeps but never shows, so that no backup holds it: a password, a token.
///
/// Listed in the manifest, so that a restore knows what to ask for, and whom it concerns.
package struct Withheld: Codable, Equatable, Sendable {
    /// The document it belongs to, relative to the tree's root.
    package var path: String
    /// For people: "data source 'Loki' of organisation 'Main Org.'".
    package var object: String
    /// Under which names of the component's `secrets:` a restore looks for the values.
    package var secrets: [String]

    package init(path: String, object: String, secrets: [String]) {
        self.path = path
        self.object = object
        self.secrets = secrets
    }
}
