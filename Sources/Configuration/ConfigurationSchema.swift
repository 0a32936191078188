internal import Foundation

/// The JSON Schema of `dr.yaml`, for editors: made from the tables of keys that the file is read by.
package enum ConfigurationSchema {
    /// The document kept as `docs/dr.schema.json`.
    package static func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let schema = Configuration.schema().adding([
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "dr.yaml",
            "description": "Configuration of dr, disaster recovery for a monitoring stack.",
        ])
        return String(decoding: try encoder.encode(schema), as: UTF8.self) + "\n"
    }
}
