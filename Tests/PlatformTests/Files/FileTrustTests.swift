import Foundation
import Lab
import Platform
import Testing

@Suite struct FileTrustTests {
    /// The word that the complaint must contain; nil if the file can be used.
    @Test(
        arguments: [
            (mode: 0o644, isKey: false, word: nil), (0o600, false, nil), (0o666, false, "written"),
            (0o646, false, "written"), (0o600, true, nil), (0o400, true, nil), (0o640, true, "read"),
            (0o604, true, "read"), (0o602, true, "written"),
        ] as [(mode: mode_t, isKey: Bool, word: String?)])
    func `a file is refused if other users can write it, a key also if they can read it`(
        mode: mode_t, isKey: Bool, word: String?
    ) throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/file"
        try Data("x".utf8).write(to: URL(filePath: path))
        #expect(chmod(path, mode) == 0)
        let complaint = FileTrust.complaint(about: path, isKey ? .privateKey : .readable)
        if let word {
            #expect(complaint?.message.contains(word) == true)
        } else {
            #expect(complaint == nil)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root gives files to other users"))
    func `a file of another user is refused, also behind a link`() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/file"
        try Data("x".utf8).write(to: URL(filePath: path))
        #expect(FileTrust.complaint(about: path) == nil)
        #expect(symlink(path, "\(folder.path)/link") == 0)
        #expect(chown(path, 65534, 65534) == 0)
        #expect(FileTrust.complaint(about: path)?.message.contains("65534") == true)
        #expect(FileTrust.complaint(about: "\(folder.path)/link")?.message.contains("65534") == true)
    }

    @Test(arguments: [(0o777, false), (0o1777, true), (0o755, true)] as [(mode_t, Bool)])
    func `a file in a folder that others may write to is refused`(mode: mode_t, isTrusted: Bool) throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/file"
        try Data("x".utf8).write(to: URL(filePath: path))
        #expect(chmod(folder.path, mode) == 0)
        #expect((FileTrust.complaint(about: path) == nil) == isTrusted)
    }
}
