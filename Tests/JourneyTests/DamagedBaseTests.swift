import Foundation
import Lab
import Testing

/// Packs that are damaged or gone while the source still has their content.
@Suite struct DamagedBaseTests {
    private func prepared() async throws -> (Journey, pack: URL) {
        let journey = try await Journey(extra: "metrics: {textfile: dr.prom}")
        try journey.write("kept", "content that never changes")
        try await journey.expect(0, "backup", "--verify", "none")
        let packs = journey.repository.appending(path: "tree/packs")
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: packs.path).first { $0.hasSuffix(".tar.gz") })
        try await Journey.nextSecond()
        return (journey, packs.appending(path: name))
    }

    private func expectRestorable(_ journey: Journey) async throws {
        let out = journey.folder.url.appending(path: UUID().uuidString).path
        try await journey.expect(0, "restore", "--component", "tree", "--to", out)
        #expect(try String(contentsOfFile: "\(out)/kept", encoding: .utf8) == "content that never changes")
    }

    @Test func `a pack that is gone is named by the next backup, and stored again by the one after it`() async throws {
        let (journey, pack) = try await prepared()
        try FileManager.default.removeItem(at: pack)
        let first = try await journey.expect(0, "backup", "--verify", "none")
        #expect(first.errors.contains("\(pack.lastPathComponent)' is gone from the store"), "\(first.errors)")
        try await Journey.nextSecond()
        try await journey.expect(0, "backup", "--verify", "none")
        try await expectRestorable(journey)
        // The new set lacks nothing, so later backups have nothing more to store.
        try await Journey.nextSecond()
        try await journey.expect(0, "backup", "--verify", "none")
        try await expectRestorable(journey)
    }

    @Test func `a manifest that only this machine still has whole restores, and a verification finds it`() async throws
    {
        let (journey, _) = try await prepared()
        try await expectRestorable(journey)
        let manifests = journey.repository.appending(path: "tree/backups")
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: manifests.path).first)
        let file = manifests.appending(path: name)
        var bytes = [UInt8](try Data(contentsOf: file))
        bytes[bytes.count / 2] ^= 0xFF
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        try Data(bytes).write(to: file)
        try await expectRestorable(journey)
        let verified = try await journey.expect(4, "verify")
        #expect(verified.output.contains("DAMAGED 'tree/backups/\(name)'"), "\(verified.output)")
    }

    @Test func `a pack that a verification found damaged is stored again by the next backup`() async throws {
        let (journey, pack) = try await prepared()
        var bytes = [UInt8](try Data(contentsOf: pack))
        bytes[bytes.count / 2] ^= 0xFF
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pack.path)
        try Data(bytes).write(to: pack)
        let verified = try await journey.dr(["verify", "--read-data"])
        #expect(verified.status == 4, "\(verified.errors)")
        let status = try await journey.dr(["status"])
        #expect(status.status == 5 && status.output.contains("damaged"), "\(status.output) \(status.errors)")
        #expect(status.errors.contains("found set") && status.errors.contains("damaged"), "\(status.errors)")
        #expect(try await journey.expect(0, "list").output.contains(" damaged "))
        // A verification that reads less says so, and does not end the alert.
        let shallow = try await journey.expect(0, "verify")
        #expect(shallow.errors.contains("an earlier verification found 1 set damaged"), "\(shallow.errors)")
        let metrics = try String(contentsOf: journey.folder.url.appending(path: "dr.prom"), encoding: .utf8)
        let value = metrics.firstMatch(of: /dr_verify_damaged_objects\{[^}]*\} (\d+)/)?.1
        #expect(value == "1", "\(metrics)")
        // A prune between must not forget it.
        try await journey.expect(0, "prune")
        try await journey.expect(0, "backup", "--verify", "none")
        try await expectRestorable(journey)
        #expect(try await journey.dr(["status"]).status == 0)
    }
}
