import Documents
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Lab

@Suite struct KubeletPartsTests {
    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"), ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
    ])
    func `SHA-1 matches FIPS 180-4`(message: String, digest: String) {
        let hexadecimal = SHA1.digest(Array(message.utf8)).map {
            String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
        }
        #expect(hexadecimal.joined() == digest)
    }

    @Test func `the dictionary of SPDY has the published length`() { #expect(SPDYDictionary.bytes.count == 1423) }

    @Test func `variables are expanded as a kubelet does`() {
        let variables = ["A": "1"]
        #expect(ContainerEnvironment.expand("$(A) $$(A) $(B) $A", variables) == "1 $(A) $(B) $A")
    }

    @Test(arguments: [
        (["ReadWriteOnce"], true, false), (["ReadWriteOncePod"], false, false), (["ReadWriteMany"], true, true),
        (["ReadOnlyMany"], true, true),
    ])
    func `a volume is shared as its access modes allow`(modes: [String], onNode: Bool, onOthers: Bool) throws {
        func pod(_ name: String) -> PodObject {
            PodObject(object: ["metadata": ["name": .string(name), "uid": .string(name), "namespace": "default"]])
        }
        func attaches(_ attachments: VolumeAttachments, _ name: String, on node: String) -> Bool {
            (try? attachments.attach("volume", modes: modes, to: pod(name), on: node)) != nil
        }
        let attachments = VolumeAttachments()
        #expect(attaches(attachments, "first", on: "node-1"))
        #expect(attaches(attachments, "first", on: "node-1"))
        #expect(attaches(attachments, "second", on: "node-1") == onNode)
        #expect(attaches(attachments, "third", on: "node-2") == onOthers)
        for name in ["first", "second", "third"] { attachments.release(name) }
        #expect(attaches(attachments, "fourth", on: "node-2"))
    }

    @Test(.enabled(if: geteuid() == 0)) func `fsGroup changes groups and modes, and no owner`() throws {
        let folder = try TemporaryFolder("ownership")
        let file = folder.url.appending(path: "file"), link = folder.url.appending(path: "link")
        try Data("x".utf8).write(to: file)
        chmod(file.path, 0o600)
        chown(file.path, 1234, 1234)
        symlink("/etc/passwd", link.path)
        VolumeOwnership(group: 4321).apply(to: folder.path)
        func look(_ path: String) -> String {
            var info = stat()
            lstat(path, &info)
            return "\(info.st_uid) \(info.st_gid) \(String(info.st_mode & 0o7777, radix: 8))"
        }
        #expect(look(folder.path) == "0 4321 2775")
        #expect(look(file.path) == "1234 4321 660")
        #expect(look(link.path).hasPrefix("0 4321"))
        #expect(look("/etc/passwd").hasPrefix("0 0"))
        // The root matches, so nothing below it changes.
        chown(file.path, 1234, 1234)
        VolumeOwnership(group: 4321, isOnlyOnMismatch: true).apply(to: folder.path)
        #expect(look(file.path) == "1234 1234 660")
        chmod(folder.path, 0o755)
        VolumeOwnership(group: 4321, isOnlyOnMismatch: true).apply(to: folder.path)
        #expect(look(file.path) == "1234 4321 660")
    }

    @Test func `a SPDY stream can be dropped while its data wait`() throws {
        let block = SPDYHeaderWriter().emptyBlock()
        let length = UInt8(block.count + 10)
        let opening: [UInt8] = [0x80, 3, 0, 1, 0, 0, 0, length, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0] + block
        let data: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 1, 42]
        // The program traps if it frees the stream's semaphore with permits taken.
        weak var dropped: SPDYStream?
        var opened = 0
        do {
            let connection = SPDYConnection(RecordedStream(opening + data + data))
            connection.serve {
                opened += 1
                dropped = $0
            }
            #expect(dropped?.receive() == [42])
            connection.forget(1)
        }
        #expect(opened == 1)
        #expect(dropped == nil)
    }

    @Test func `permits limit those that take them`() {
        let permits = DispatchSemaphore.permits(2)
        #expect((0..<3).map { _ in permits.wait(timeout: .now()) } == [.success, .success, .timedOut])
    }
}

/// A client that has sent its bytes and is gone.
private final class RecordedStream: ByteStream {
    private let bytes: Mutex<[UInt8]?>

    init(_ bytes: [UInt8]) { self.bytes = Mutex(bytes) }

    func receive() -> [UInt8]? {
        bytes.withLock { bytes in
            defer { bytes = nil }
            return bytes
        }
    }

    func send(_ bytes: [UInt8]) -> Bool { true }
    func end() {}
}
