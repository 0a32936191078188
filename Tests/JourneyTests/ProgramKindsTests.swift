import Foundation
import Lab
import StackConfiguration
import Testing

@testable import dr

@Suite struct ProgramKindsTests {
    /// A kind that only the program knows would be missing from the schema, and its documents unreadable for editors.
    @Test func `the schema in the docs has the kinds of the program`() throws {
        let schema = try String(contentsOf: Checkout.url("docs/dr.schema.json"), encoding: .utf8)
        #expect(ConfigurationSchema.json(kinds: supportedKinds) == schema)
    }
}
