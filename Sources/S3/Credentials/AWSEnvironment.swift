internal import Foundation

/// What of the process and the machine credentials and endpoints depend on: a value, so that tests have their own.
package struct AWSEnvironment: Sendable {
    package var variables: [String: String]
    /// Where `~/.aws` is.
    package var home: String
    /// Seconds since 1970.
    package var now: @Sendable () -> Int
    /// Where containers of ECS ask for credentials by a relative path.
    package var containerHost = "http://169.254.170.2"

    package init(variables: [String: String], home: String, now: @escaping @Sendable () -> Int) {
        self.variables = variables
        self.home = home
        self.now = now
    }

    /// This process's own.
    package static func system() -> AWSEnvironment {
        let variables = ProcessInfo.processInfo.environment
        return AWSEnvironment(variables: variables, home: variables["HOME"] ?? "/root") {
            Int(Date().timeIntervalSince1970)
        }
    }

    /// A variable's value; an empty one counts as none.
    package subscript(_ name: String) -> String? {
        variables[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    func isTrue(_ name: String) -> Bool { self[name]?.lowercased() == "true" }

    func expanded(_ path: String) -> String { path.hasPrefix("~/") ? home + path.dropFirst() : path }

    /// - Returns: nil when there is no such file.
    func text(of path: String) throws -> String? {
        let path = expanded(path)
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return try String(contentsOfFile: path, encoding: .utf8)
    }
}
