import Documents
import Foundation
import Lab

@testable import Operations

/// Manifests as objects.
enum ManifestReading {
    /// Reads a stream of YAML documents.
    static func objects(_ text: String) async throws -> [JSONValue] {
        let folder = try TemporaryFolder("manifests")
        let file = folder.url.appending(path: "objects.yaml")
        try Data(text.utf8).write(to: file)
        let script = """
            import json, sys, yaml
            print(json.dumps([document for document in yaml.safe_load_all(open(sys.argv[1])) if document]))
            """
        let run = try await CommandRun.run(try LabTool.path("python"), ["-c", script, file.path], in: folder.url)
        guard run.status == 0 else { throw LabError("not valid YAML: \(run.errors)") }
        return try JSONValue(parsing: [UInt8](run.output.utf8)).array ?? []
    }

    static func objects(_ settings: ClusterSettings) async throws -> [JSONValue] {
        try await objects(ClusterManifests(settings).files(.yaml).map(\.content).joined())
    }

    /// "CronJob dr/dr-backup".
    static func name(_ object: JSONValue) -> String {
        let place = (object["metadata"]?["namespace"]?.text).map { "\($0)/" } ?? ""
        return "\(object["kind"]?.text ?? "") \(place)\(object["metadata"]?["name"]?.text ?? "")"
    }

    static func byName(_ objects: [JSONValue]) -> [String: JSONValue] {
        Dictionary(objects.map { (name($0), $0) }) { $1 }
    }

    /// Writes the files of a form, and returns what kustomize or helm makes of them.
    static func built(_ settings: ClusterSettings, _ form: ClusterManifests.Form, _ options: [String] = [])
        async throws -> [JSONValue]
    {
        let folder = try TemporaryFolder("built")
        for file in ClusterManifests(settings).files(form) {
            let url = folder.url.appending(path: file.name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(file.content.utf8).write(to: url)
        }
        let run =
            form == .helm
            ? try await CommandRun.run(
                try LabTool.path("helm"),
                ["template", "dr", folder.path, "--namespace", settings.namespace] + options, in: folder.url)
            : try await CommandRun.run(try LabTool.path("kubectl"), ["kustomize", folder.path], in: folder.url)
        guard run.status == 0 else { throw LabError("\(form): \(run.errors)") }
        return try await objects(run.output)
    }

    static let settings: ClusterSettings = {
        var settings = ClusterSettings()
        settings.configuration = [.init(path: "dr.yaml", text: "# A comment.\nstore: {url: \"s3://bucket\"}\n")]
        return settings
    }()
}
