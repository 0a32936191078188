import Foundation
import Lab
import Platform
import Testing

@Suite struct FolderTests {
    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    @Test(arguments: [(false, 0o700), (true, 0o711)] as [(Bool, mode_t)])
    func `a private folder loses the permissions of other users`(isEntered: Bool, wanted: mode_t) throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/a/b"
        try Folder.makePrivate(path, isEntered: isEntered)
        #expect(mode(path) == wanted)
        #expect(chmod(path, 0o777) == 0)
        try Folder.makePrivate(path, isEntered: isEntered)
        #expect(mode(path) == wanted)
    }

    @Test(.enabled(if: geteuid() == 0, "only root gives files to other users"))
    func `a folder of another user is refused`() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/state"
        #expect(mkdir(path, 0o700) == 0 && chown(path, 65534, 65534) == 0)
        let error = #expect(throws: FileError.self) { try Folder.makePrivate(path) }
        #expect(error?.detail.contains("65534") == true)
    }
}
