import Testing

import Documents
@testable import StackConfiguration

/// Parses a text as the file `/etc/dr/dr.yaml`, which messages call `dr.yaml`.
func parse(_ text: String) throws -> Configuration {
    try ConfigurationFile.parse(text, file: "dr.yaml", folder: "/etc/dr")
}

/// What parsing complains of, a line each; empty when it does not.
func complaints(_ text: String) -> [String] {
    do {
        _ = try ConfigurationFile.parse(text, file: "dr.yaml", folder: "/etc/dr")
        return []
    } catch {
        return error.diagnostics.map(\.description)
    }
}

/// The least that is a configuration, so that a test can add the one thing it is about.
let least = """
    store: {url: file:///var/backups/dr}
    components: {rules: {kind: files, data: /etc/prometheus}}

    """
