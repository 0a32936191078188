import Foundation
import Platform
import Testing

import Documents
@testable import StackConfiguration

@Suite struct ConfigurationFileTests {
    @Test func `the file in the current folder is found`() throws {
        try withFolder { folder in
            let path = "\(folder)/dr.yaml"
            try least.write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try ConfigurationFile.locate(explicit: nil, in: folder) == path)
            #expect(try ConfigurationFile.locate(explicit: "dr.yaml", in: folder) == path)
            #expect(try ConfigurationFile.locate(explicit: path, in: "/") == path)
        }
    }

    @Test func `a file that is named must be there`() throws {
        try withFolder { folder in
            try least.write(toFile: "\(folder)/dr.yaml", atomically: true, encoding: .utf8)
            let error = #expect(throws: DocumentError.self) {
                try ConfigurationFile.locate(explicit: "other.yaml", in: folder)
            }
            #expect(
                error?.description
                    == "other.yaml: no such file\nhint: run 'dr init --config other.yaml' to write a new one")
        }
    }

    @Test func `paths start from the files folder`() throws {
        try withFolder { folder in
            try (least + "state: ./state\n").write(toFile: "\(folder)/dr.yaml", atomically: true, encoding: .utf8)
            #expect(try ConfigurationFile.read("\(folder)/dr.yaml", kinds: kinds).state == "\(folder)/state")
        }
    }

    @Test func `a file that cannot be read is named`() throws {
        try withFolder { folder in
            try Data([0x73, 0xff]).write(to: URL(filePath: "\(folder)/dr.yaml"))
            for (path, message) in [("\(folder)/dr.yaml", "is not text in UTF-8"), (folder, "cannot be read: ")] {
                let error = #expect(throws: DocumentError.self) { try ConfigurationFile.read(path, kinds: kinds) }
                #expect(error?.description.hasPrefix("\(path): \(message)") == true)
            }
        }
    }

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "dr-configuration-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }
}
