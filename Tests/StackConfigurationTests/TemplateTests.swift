import Components
import Foundation
import Lab
import Testing

import Documents
@testable import StackConfiguration

@Suite struct TemplateTests {
    @Test(arguments: ["file:///var/backups/dr", "file:///with a space: and # and \"", "s3://bucket/prefix"])
    func `parses without a complaint`(_ store: String) throws {
        let location = try StoreLocation(store)
        let text = ConfigurationTemplate.text(store: location, kinds: kinds)
        #expect(complaints(text) == [])
        #expect(try parse(text).store.url == location)
    }

    /// Taking the `# ` off its settings leaves a file that parses too: what the comments say is true.
    @Test func `its commented settings are valid`() throws {
        let text = ConfigurationTemplate.text(store: try StoreLocation("s3://bucket/prefix"), kinds: kinds)
        let key = /^ *# +[a-z_]+:( .*)?$|^ *# [a-z_]+: .*$/
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let isSetting =
                line.wholeMatch(of: key) != nil && !line.contains(": disaster") && !line.contains("of time:")
                && !line.contains("are kept:") && !line.contains("journals:")
            // These exclude keys that come later, by design.
            let excludes = ["profile:", "bearer_token:", "tls:"].contains { line.contains("# \($0)") }
            guard isSetting, !excludes, let mark = line.range(of: "# ") else { return String(line) }
            return String(line.replacingCharacters(in: mark, with: ""))
        }
        let opened = lines.joined(separator: "\n")
            .replacing("server_side_encryption: AES256", with: "server_side_encryption: aws:kms")
        #expect(complaints(opened) == [])
        let configuration = try parse(opened)
        #expect(configuration.store.kmsKeyID == "alias/backup")
        #expect(configuration.component(named: "rules") != nil)
        #expect(configuration.notifications.webhooks.count == 1)
    }

    /// No key can be added without a line about it in the template.
    @Test func `names every key`() {
        let text = ConfigurationTemplate.text(kinds: kinds)
        let tables: [[String]] = [
            Configuration.keys.map(\.name), Objectives.keys.map(\.name), StoreConfiguration.keys.map(\.name),
            RetentionConfiguration.keys.map(\.name), TLSOptions.keys.map(\.name), CapacityOptions.keys.map(\.name),
            ResourceOptions.keys.map(\.name), ConsoleConfiguration.keys.map(\.name),
            ["components", "checks", "canaries", "workers"],
        ]
        let keys = tables.flatMap { $0 } + kinds.flatMap { $0.keyNames }
        for key in keys { #expect(text.contains(key), "\(key) is not in the template") }
    }

    /// `docs/dr.schema.json` is what the tables of keys say; `DR_UPDATE_GOLDEN=1` writes it anew.
    @Test func `the schema in the docs is current`() throws {
        let file = Checkout.url("docs/dr.schema.json")
        let schema = ConfigurationSchema.json(kinds: kinds)
        if ProcessInfo.processInfo.environment["DR_UPDATE_GOLDEN"] == "1" {
            try schema.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == schema)
    }
}
