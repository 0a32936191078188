import FoundationEssentials
package import Platform
import StackConfiguration

/// Writes the files of a schedule or of a cluster, except files that are already the same.
package struct ScheduleInstallation {
    package enum Change: String, Encodable { case created, updated, unchanged, removed }

    package struct Result: Encodable {
        package var form: String
        package var dryRun: Bool
        package var files: [File]
        /// The commands that activate the files.
        package var next: [String]

        package struct File: Encodable {
            var path: String
            var change: Change
        }

        package var text: String {
            (files.map { "\($0.change.rawValue)\t\($0.path)" } + next.map { "next: \($0)" }).joined(separator: "\n")
        }
    }

    package let form: String
    /// The absolute or relative path of the folder.
    package let folder: String
    package let isDryRun: Bool

    package init(form: String, folder: String, isDryRun: Bool) {
        self.form = form
        self.folder = folder
        self.isDryRun = isDryRun
    }

    /// - Parameter next: the commands that activate the files.
    package func run(_ files: [ScheduleFile], next: [String]) throws -> Result {
        let written = try files.compactMap { file -> Result.File? in
            let path = "\(folder)/\(file.name)"
            guard !file.content.isEmpty else {
                return try remove(path) ? Result.File(path: path, change: .removed) : nil
            }
            return Result.File(path: path, change: try put(file.content, at: path))
        }
        let isSame = !written.isEmpty && written.allSatisfy { $0.change == .unchanged }
        return Result(form: form, dryRun: isDryRun, files: written, next: isSame ? [] : next)
    }

    /// Removes a file that an earlier run wrote.
    /// - Returns: true if it existed; another author's file stays.
    private func remove(_ path: String) throws -> Bool {
        guard let present = FileManager.default.contents(atPath: path),
            String(decoding: present, as: UTF8.self).hasPrefix(SystemdSchedule.header)
        else { return false }
        guard !isDryRun else { return true }
        do { try FileManager.default.removeItem(atPath: path) } catch {
            throw ScheduleError(
                "'\(path)' cannot be removed: \(FileFailure.text(error))\nhint: run as root, or remove it yourself")
        }
        return true
    }

    private func put(_ content: String, at path: String) throws -> Change {
        let present = FileManager.default.contents(atPath: path)
        guard present != Data(content.utf8) else { return .unchanged }
        guard !isDryRun else { return present == nil ? .created : .updated }
        do {
            try Folder.create(URL(filePath: path).deletingLastPathComponent().path)
            // Readable by all: the file does not contain secrets.
            try OutputFile.write(Array(content.utf8), to: path, mode: 0o644, links: .follow)
        } catch {
            throw ScheduleError(
                "'\(path)' cannot be written: \(FileFailure.text(error))\n"
                    + "hint: run as root, or write the files to another folder with --directory and copy them")
        }
        return present == nil ? .created : .updated
    }
}

package struct ScheduleError: OperationError {
    package var detail: String
    package var reasonCode: String { "file_error" }
    package var place: ErrorPlace { ErrorPlace() }

    package init(_ detail: String) { self.detail = detail }
}
