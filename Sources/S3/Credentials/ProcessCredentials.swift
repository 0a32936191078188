internal import Foundation

/// A command that prints credentials, from a profile's `credential_process`.
struct ProcessCredentials: CredentialSource {
    let command: String
    let source: String

    func load() throws -> S3Credentials? {
        // Standard error stays the user's: such commands ask for codes there.
        guard let pipe = popen(command, "re") else {
            throw CredentialError(source, "credential_process: \(String(cString: strerror(errno)))")
        }
        var document: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while document.count < 1 << 20 {
            let count = fread(&buffer, 1, buffer.count, pipe)
            guard count > 0 else { break }
            document += buffer[..<count]
        }
        let status = pclose(pipe)
        guard status == 0 else {
            throw CredentialError(source, "credential_process failed with status \(status >> 8)")
        }
        return try CredentialDocument.credentials(document, source: source)
    }
}
