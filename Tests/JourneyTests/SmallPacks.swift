import BackupRepository
import Foundation
import Lab
import Testing

extension Journey {
    /// Makes the packs of a repository in a bucket small, so that few data are work for several processes.
    func makePacksSmall(on server: any S3Server) async throws {
        let file = folder.url.appending(path: "repository.json")
        let address = "\(server.endpoint)/\(bucketAndPrefix)/repository.json"
        _ = try await server.signedCurl(["-f", "-o", file.path, address])
        var description = try JSONDecoder().decode(RepositoryDescription.self, from: Data(contentsOf: file))
        description.pack = PackSettings(targetBytes: 256 << 10, maximumMembers: 64)
        try Data(SealedDocument.encode(description)).write(to: file)
        _ = try await server.signedCurl(["-f", "-T", file.path, address])
        #expect(try await server.signedCurl([address]).contains("262144"))
    }
}
