import Foundation
import Platform
import Testing

@testable import Documents

@Suite struct SecretTests {
    private let place = Location(file: "dr.yaml", line: 7, column: 3)

    @Test func `comes from the environment`() throws {
        let secret = Secret(.environment("TOKEN"), location: place)
        #expect(try secret.resolve(environment: ["TOKEN": "hunter2"]) == "hunter2")
        #expect("\(secret)" == "environment variable 'TOKEN'")
    }

    @Test(arguments: [
        (
            [:],
            "dr.yaml:7:3: environment variable 'TOKEN' is not set\nhint: export it in the shell, unit or job that runs dr"
        ),
        (["TOKEN": ""], "dr.yaml:7:3: environment variable 'TOKEN' is empty"),
    ])
    func `the error for a missing or empty secret names its environment variable`(
        _ environment: [String: String], _ message: String
    ) {
        let error = #expect(throws: DocumentError.self) {
            try Secret(.environment("TOKEN"), location: place).resolve(environment: environment)
        }
        #expect(error?.description == message)
    }

    @Test(arguments: [
        ("hunter2\n", "hunter2"), ("hunter2\r\n", "hunter2"), ("hunter2", "hunter2"), ("two\nlines\n", "two\nlines"),
    ])
    func `comes from a file without the last line end`(_ content: String, _ value: String) throws {
        try withFile(Data(content.utf8)) { path throws in
            #expect(try Secret(.file(path), location: place).resolve(environment: [:]) == value)
        }
    }

    @Test(arguments: [
        (Data("\n".utf8), "is empty"), (Data(), "is empty"),
        (Data([0xff, 0xfe]), "does not contain a secret: it is not text or is too long"),
        (Data(count: 70_000), "does not contain a secret: it is not text or is too long"),
    ])
    func `refuses a file without a secret`(_ content: Data, _ reason: String) throws {
        try withFile(content) { path in
            let error = #expect(throws: DocumentError.self) {
                try Secret(.file(path), location: place).resolve(environment: [:])
            }
            #expect(error?.description == "dr.yaml:7:3: file '\(path)' \(reason)")
        }
    }

    @Test(arguments: [(["printf", "hunter2"], "hunter2"), (["printf", "two\\nlines\\n"], "two")])
    func `comes from the first line that a command prints`(_ words: [String], _ value: String) throws {
        let environment = ["PATH": "/usr/bin:/bin"]
        #expect(try Secret(.command(words), location: place).resolve(environment: environment) == value)
    }

    @Test func `the command of a secret inherits no other secrets`() throws {
        let secret = Secret(.command(["sh", "-c", "echo \"<$DR_SIGNING_PASSPHRASE>\""]), location: place)
        let environment = ["PATH": "/usr/bin:/bin", "DR_SIGNING_PASSPHRASE": "hunter2"]
        #expect(try secret.resolve(environment: environment) == "<>")
    }

    @Test(arguments: [
        (["sh", "-c", "echo hunter2; echo no store >&2; exit 3"], "command 'sh' failed with exit code 3: no store"),
        (["true"], "command 'true' is empty"), (["/nowhere/at/all", "x"], "command '/nowhere/at/all' failed: "),
    ])
    func `the error for a command names the program and never its output`(_ words: [String], _ reason: String) {
        let error = #expect(throws: DocumentError.self) {
            try Secret(.command(words), location: place).resolve(environment: ["PATH": "/usr/bin:/bin"])
        }
        #expect(error?.description.hasPrefix("dr.yaml:7:3: \(reason)") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test func `names a file that is not there`() {
        let error = #expect(throws: DocumentError.self) {
            try Secret(.file("/nowhere/at/all"), location: place).resolve(environment: [:])
        }
        #expect(error?.description == "dr.yaml:7:3: file '/nowhere/at/all' cannot be read: No such file or directory")
    }

    private func withFile(_ content: Data, _ body: (String) throws -> Void) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "dr-secret-\(UUID().uuidString)")
        try content.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try body(file.path)
    }
}
