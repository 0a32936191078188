internal import BackupRepository
internal import Documents
internal import FoundationEssentials
internal import Platform

/// A document of a backup that is to be restored.
struct StoredObject: Sendable {
    let name: ObjectName
    let file: String

    var stage: RestoreStage { RestoreStage(name) }

    /// - Throws: ``ObjectDefect`` if the document cannot be read.
    func document() throws(ObjectDefect) -> JSONValue {
        guard let content = FileManager.default.contents(atPath: file), content.count <= ObjectDocument.longest else {
            throw ObjectDefect("it cannot be read")
        }
        do { return try JSONValue(parsing: [UInt8](content)) } catch { throw ObjectDefect("\(error)") }
    }
}

struct ObjectDefect: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The documents of a restored tree, without those that only inform operators.
struct StoredObjects {
    private(set) var objects: [StoredObject] = []
    /// Files that are no documents of objects, with the reason.
    private(set) var defects: [(path: String, reason: String)] = []

    /// Reads the identity of each document. Blocks.
    init(in tree: String) throws {
        let paths: [String]
        do {
            paths = try FileManager.default.subpathsOfDirectory(atPath: tree).sorted()
        } catch {
            throw ComponentError(.damaged, operation: "read the documents", FileFailure.text(error))
        }
        for path in paths where path.hasSuffix(".json") && !path.hasPrefix("\(ObjectTree.reference)/") {
            try Task.checkCancellation()
            do throws(ObjectDefect) {
                let file = "\(tree)/\(path)"
                let document = try StoredObject(
                    name: ObjectName(group: "", kind: "", namespace: nil, name: ""), file: file
                ).document()
                guard let name = ObjectName(document) else { throw ObjectDefect("it has no kind, version or name") }
                objects.append(StoredObject(name: name, file: file))
            } catch { defects.append((path, error.description)) }
        }
        objects.sort { ($0.stage, $0.name) < ($1.stage, $1.name) }
    }

    /// The namespaces of the objects.
    var namespaces: [String] { Set(objects.compactMap(\.name.namespace)).sorted() }
}
