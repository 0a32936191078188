internal import Foundation

/// The folder of one case. A restore may write to ``target`` and to names beside it, never to ``outside``.
package struct FuzzPlace: Sendable {
    let folder: String

    var target: String { "\(folder)/case/target" }
    private var outside: [String] { ["\(folder)/outside", HostileValues.outside] }

    /// Empties the folder of a case.
    package init(emptying folder: String) throws {
        self.folder = folder
        try? FileManager.default.removeItem(atPath: "\(folder)/case")
        try FileManager.default.createDirectory(atPath: "\(folder)/case", withIntermediateDirectories: true)
        for path in outside {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
    }

    /// - Throws: ``FuzzFinding`` if a file was written outside the target.
    func checkOutside() throws {
        for path in outside {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? ["the folder is gone"]
            guard names.isEmpty else {
                for name in names { try? FileManager.default.removeItem(atPath: "\(path)/\(name)") }
                throw FuzzFinding("written outside the target: \(path)/\(names[0])")
            }
        }
        let beside = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/case")) ?? []
        let strange = beside.filter {
            $0 != "target" && !$0.hasPrefix(".dr-restore-") && !$0.hasPrefix("target.before-")
        }
        guard strange.isEmpty else { throw FuzzFinding("written beside the target: \(strange[0])") }
    }
}
