package import Foundation

/// The checkout that this code was compiled from, with the fixtures, the documents and the tools for tests.
package enum Checkout {
    /// The closest folder above this file that contains a `Package.swift`.
    package static let folder: URL = {
        var folder = URL(filePath: #filePath).deletingLastPathComponent()
        while folder.path != "/",
            !FileManager.default.fileExists(atPath: folder.appending(path: "Package.swift").path)
        {
            folder.deleteLastPathComponent()
        }
        return folder
    }()

    /// Returns the URL of a file in the checkout.
    /// - Parameter path: a path relative to the checkout, such as `fixtures/loki`.
    package static func url(_ path: String) -> URL { folder.appending(path: path) }

    /// The path of the built `dr-lab`: beside the running program, as for the runner of the tests, or of a debug build.
    package static var labProgram: String {
        let runner = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        return [runner, url(".build/debug")].map { $0.appending(path: "dr-lab").path }
            .first { FileManager.default.isExecutableFile(atPath: $0) } ?? "dr-lab"
    }
}
