package import Components
internal import Documents

/// The JSON Schema of `dr.yaml`, for editors, generated from the same tables of keys that the reader uses.
package enum ConfigurationSchema {
    /// The document kept as `docs/dr.schema.json`.
    package static func json(kinds: [any ComponentKind.Type]) -> String {
        let schema = Configuration.schema(also: Configuration.keys(of: kinds)).adding([
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "dr.yaml",
            "description": "Configuration of dr, disaster recovery for a monitoring stack.",
        ])
        return String(decoding: schema.document, as: UTF8.self)
    }
}
