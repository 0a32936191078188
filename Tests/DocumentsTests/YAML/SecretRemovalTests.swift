import Testing

@testable import Documents

/// Documents that leave the machine must hold no literal secret, and keep their meaning otherwise.
@Suite struct SecretRemovalTests {
    private func removal(
        _ text: String, _ environment: [String: String] = [:]
    ) throws -> (text: String, removed: [String]) {
        let document = try YAMLDocument(text, file: "dr.yaml", folder: "/etc/dr")
        return try SecretRemoval.text(of: document, environment: environment)
    }

    @Test(arguments: [
        ("a: 1 # hidden-value", "a"), ("# hidden-value\na: 1", "a"), ("admin_password: hidden-value", "admin_password"),
        ("a: {b: {API-Key: hidden-value}}", "a.b.API-Key"), ("token: [x, hidden-value]", "token"),
        ("parameters: {token: {value: hidden-value}}", "parameters.token.value"),
        ("run: [tool, --password, hidden-value]", "run"), ("run: [tool, --token=hidden-value]", "run"),
        ("url: \"https://hidden-value@host/x\"", "url"), ("url: \"https://user:hidden-value@host/x\"", "url"),
        ("url: \"ssh://git:hidden-value@host/x\"", "url"), ("url: \"https://host/x?sig=hidden-value&y=1\"", "url"),
        ("header: \"Bearer hidden-value\"", "header"), ("note: \"it is hidden-value here\"\nfrom: {env: NAME}", "note"),
        ("key: |\n  -----BEGIN PRIVATE KEY-----\n  hidden-value\n  -----END PRIVATE KEY-----\n", "key"),
    ])
    func `a literal secret is removed`(text: String, place: String) throws {
        let (result, removed) = try removal(text, ["NAME": "hidden-value"])
        #expect(!result.contains("hidden-value"), "\(result)")
        #expect(text.contains("#") || removed == [place], "\(removed)")
    }

    @Test(arguments: [
        "password:\n  env: GRAFANA_PASSWORD\n", "password:\n  file: /etc/dr/password\n", "url: ssh://git@host/x\n",
        "url: https://host/x?y=1\n", "token: ${token}\n", "a: \"0123\"\n", "a: \"no\"\n", "a: true\n", "count: 5\n",
        "text: |\n  two\n  lines\n", "when: 2026-11-28\n",
    ])
    func `a text without a secret stays`(text: String) throws {
        let (result, removed) = try removal(text)
        #expect(result == text && removed == [])
    }

    @Test func `the marker names the place of the secret`() throws {
        let (text, _) = try removal("drill: {parameters: {password: x}}")
        #expect(text.contains("removed-by-dr: drill.parameters.password of dr.yaml"), "\(text)")
        let uses = SecretUse.all(in: try YAMLDocument(text, file: "dr.yaml", folder: "/etc/dr").root)
        #expect(uses == [SecretUse(path: "drill.parameters.password", source: .removed)])
    }

    @Test func `every reference to a secret is found`() throws {
        let text = "a: {password: {env: A}}\nb: [{url: {file: f}}]\nc: {env: {X: y}}\nd: {kind: x, file: z}\n"
        let uses = SecretUse.all(in: try YAMLDocument(text, file: "dr.yaml", folder: "/etc/dr").root)
        #expect(
            uses == [
                SecretUse(path: "a.password", source: .environment("A")), SecretUse(path: "b.url", source: .file("f")),
            ])
    }

    @Test(arguments: [
        ("a: 1\nb: 2", "b: 3", "a: 1\nb: 3\n"), ("a: {b: 1, c: 2}", "a: {c: null, d: 4}", "a: {b: 1, d: 4}\n"),
        ("a: [1, 2]", "a: [3]", "a: [3]\n"), ("a: 1", "x: {y: null}", "a: 1\n"), ("a: 1", "x: null", "a: 1\n"),
        ("a: {env: X}", "a: {file: y}", "a: {file: y}\n"), ("a: 1", "a: {b: 2}", "a: {b: 2}\n"),
    ])
    func `an overlay replaces values`(base: String, overlay: String, expected: String) throws {
        func document(_ text: String) throws -> YAMLDocument { try YAMLDocument(text, file: "f", folder: "/") }
        let merged = try SecretRemoval.text(of: document(base).overlaid(by: document(overlay)), environment: [:])
        #expect(try merged.text == SecretRemoval.text(of: document(expected), environment: [:]).text)
    }
}
