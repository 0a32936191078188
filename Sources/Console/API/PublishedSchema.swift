internal import CSchemas

/// A JSON Schema that the description of the API refers to, served beside it.
package struct PublishedSchema: Sendable {
    /// Below `/api/v1/`: references in the description are relative to it.
    package let name: String
    package let text: String

    /// The documents of the commands, docs/output.schema.json.
    package static let output: PublishedSchema = {
        var count = 0
        let start = dr_output_schema(&count)
        return PublishedSchema(
            name: "output.schema.json",
            text: String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
    }()

    package static let all = [output]
}
