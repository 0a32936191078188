import FoundationEssentials
import Glibc
import Platform
import StackConfiguration

/// The work of the steps that run the program.
struct SelfTestRun {
    private let test: SelfTest
    private let place: SelfTestPlace
    private let name: SelfTestStep.Name

    init(_ name: SelfTestStep.Name, of test: SelfTest, in place: SelfTestPlace) {
        self.test = test
        self.place = place
        self.name = name
    }

    func perform(_ step: inout SelfTestStep) throws {
        switch name {
        case .folder, .clean: break
        case .start: try start(&step)
        case .keys: try keys(&step)
        case .repository: try expect(0, ["init", "--create"], noting: &step)
        case .backup: try backup(&step)
        case .verify: try verify(&step)
        case .encryption: try refuseWithoutKey(&step)
        case .restore: try restore(&step)
        case .damage: try damage(&step)
        case .refusal: try refuseDamaged(&step)
        case .signature: try refuseOtherSigner(&step)
        }
    }

    // MARK: Steps

    private func start(_ step: inout SelfTestStep) throws {
        let version = try expect(0, ["--version"], isPlain: true, noting: &step)
            .trimmingPrefix { $0.isWhitespace }.prefix { !$0.isWhitespace }
        guard version == Release.version else {
            throw SelfTestFailure("'\(test.program)' is version '\(version)', not \(Release.version)")
        }
        step.detail = "\(test.program), version \(version)"
    }

    private func keys(_ step: inout SelfTestStep) throws {
        let folder = place.path
        try expect(
            0,
            [
                "key", "create", "--kind", "p-256", "\(folder)/recovery.pem", "--certificate",
                "\(folder)/recovery.crt",
            ], noting: &step)
        for signer in ["signing", "other"] {
            try expect(
                0,
                [
                    "key", "create", "--signing", "--kind", "p-256", "--no-passphrase", "\(folder)/\(signer).key",
                    "--certificate", "\(folder)/\(signer).crt",
                ], noting: &step)
            try write(configuration(signer: signer), "\(signer).yaml")
        }
    }

    private func backup(_ step: inout SelfTestStep) throws {
        struct BackedUp: Decodable { var status: String }
        let result = try answer(BackedUp.self, try expect(0, ["backup"], noting: &step))
        guard result.status == "complete" else { throw SelfTestFailure("the backup set is \(result.status)") }
    }

    private func verify(_ step: inout SelfTestStep) throws {
        let result = try verified(0, noting: &step)
        guard result.packsRead > 0, result.bytesRead > 0 else { throw SelfTestFailure("dr verify read no pack") }
        step.detail = "\(Units.bytes(result.bytesRead)) read"
    }

    private func refuseWithoutKey(_ step: inout SelfTestStep) throws {
        let output = try expect(1, restoring("without-key", hasKey: false), hasPassphrase: false, noting: &step)
        let reason = try answer(Refusal.self, output).error.reason
        guard reason == "encrypted" else {
            throw SelfTestFailure("dr restore without the key failed with the reason '\(reason)', not 'encrypted'")
        }
        try expectMissing("without-key")
    }

    private func restore(_ step: inout SelfTestStep) throws {
        try expect(0, restoring("restored", hasKey: true), noting: &step)
        step.detail = "\(try TreeComparison.compare(place.data, with: place.restored)) files and folders are equal"
    }

    private func damage(_ step: inout SelfTestStep) throws {
        let pack = try largestPack()
        try invertByte(of: "\(place.repository)/\(pack)")
        let result = try verified(4, noting: &step)
        guard result.findings.contains(where: { $0.object == pack }) else {
            throw SelfTestFailure("dr verify does not name the damaged '\(pack)'")
        }
        step.detail = pack
    }

    private func refuseDamaged(_ step: inout SelfTestStep) throws {
        let output = try expect(4, restoring("damaged", hasKey: true), noting: &step)
        let reason = try answer(Refusal.self, output).error.reason
        guard reason == "restore_damaged" else {
            throw SelfTestFailure("dr restore failed with the reason '\(reason)', not 'restore_damaged'")
        }
        try expectMissing("damaged")
    }

    private func refuseOtherSigner(_ step: inout SelfTestStep) throws {
        let result = try verified(4, configuration: "other", readsData: false, noting: &step)
        guard result.findings.contains(where: { $0.object.hasPrefix("sets/") }) else {
            throw SelfTestFailure("dr verify does not name the set of another signer")
        }
    }

    // MARK: The program

    private struct Verified: Decodable {
        var bytesRead: Int
        var packsRead: Int
        var findings: [Finding]

        struct Finding: Decodable { var object: String }
    }

    private struct Refusal: Decodable {
        var error: Reason

        struct Reason: Decodable { var reason: String }
    }

    private func verified(
        _ status: CInt, configuration: String = "signing", readsData: Bool = true, noting step: inout SelfTestStep
    ) throws -> Verified {
        let arguments = ["verify"] + (readsData ? ["--read-data"] : [])
        return try answer(
            Verified.self,
            try expect(status, arguments, configuration: configuration, hasPassphrase: false, noting: &step))
    }

    private func restoring(_ target: String, hasKey: Bool) -> [String] {
        ["restore", "--component", "sample", "--to", "\(place.path)/\(target)"]
            + (hasKey ? ["--recovery-key", "\(place.path)/recovery.pem"] : [])
    }

    /// Runs the program and checks its exit code.
    /// - Returns: its standard output.
    @discardableResult
    private func expect(
        _ status: CInt, _ arguments: [String], configuration: String = "signing", isPlain: Bool = false,
        hasPassphrase: Bool = true, noting step: inout SelfTestStep
    ) throws -> String {
        var environment = InheritedEnvironment.selected(from: test.environment)
        if hasPassphrase { environment["DR_RECOVERY_PASSPHRASE"] = "a throw-away passphrase" }
        let common = ["--config", "\(place.path)/\(configuration).yaml", "--json", "--quiet"]
        let program = Program(
            test.program, arguments + (isPlain ? [] : common), environment: environment, folder: place.path,
            timeout: test.limit)
        let (end, output) = try program.captured(limit: 1 << 20)
        step.peakMemory = max(step.peakMemory ?? 0, end.peakMemory)
        guard end.status == status else {
            let command = (["dr"] + arguments.prefix { !$0.hasPrefix("/") && !$0.hasPrefix("--") }).joined(
                separator: " ")
            throw SelfTestFailure(
                "`\(command)` exited with \(Self.text(end.status)), not \(status)"
                    + (end.errors.isEmpty ? "" : ": " + end.errors.split(separator: "\n").joined(separator: "\n")))
        }
        return output
    }

    private static func text(_ status: CInt) -> String {
        status > 128 ? "\(status) (signal \(status - 128))" : "\(status)"
    }

    private func answer<Answer: Decodable>(_ type: Answer.Type, _ output: String) throws -> Answer {
        do { return try JSONDecoder().decode(type, from: Data(output.utf8)) } catch {
            throw SelfTestFailure("the output of dr is not the expected JSON document: \(error)")
        }
    }

    // MARK: Files

    private func configuration(signer: String) -> String {
        """
        stack: self-test
        store:
          url: \(YAMLScalar.quoted("file://\(place.repository)"))
          recipients: [recovery.crt]
          signing: {certificate: \(signer).crt, key: \(signer).key}
        state: \(YAMLScalar.quoted("\(place.path)/state-\(signer)"))
        components:
          sample: {kind: files, data: \(YAMLScalar.quoted(place.data))}

        """
    }

    private func write(_ text: String, _ name: String) throws {
        try OutputFile.create(Array(text.utf8), at: "\(place.path)/\(name)", mode: 0o600)
    }

    private func expectMissing(_ target: String) throws {
        guard !FileManager.default.fileExists(atPath: "\(place.path)/\(target)") else {
            throw SelfTestFailure("dr restore has written '\(place.path)/\(target)' although it failed")
        }
    }

    /// - Returns: the path of the largest object, relative to the repository.
    private func largestPack() throws -> String {
        var largest: (name: String, size: Int)?
        for name in try FileManager.default.subpathsOfDirectory(atPath: place.repository) {
            var status = stat()
            guard lstat("\(place.repository)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG,
                status.st_size > largest?.size ?? 0
            else { continue }
            largest = (name, status.st_size)
        }
        guard let largest else { throw SelfTestFailure("the repository holds no data") }
        return largest.name
    }

    private func invertByte(of file: String) throws {
        guard var content = FileManager.default.contents(atPath: file), !content.isEmpty else {
            throw SelfTestFailure("'\(file)' cannot be read")
        }
        content[content.count / 2] ^= 0xff
        try OutputFile.write(Array(content), to: file, links: .refuse)
    }
}
