package import Foundation

/// What a corpus holds, and what gzip makes of it: proof that it stands for real data.
package struct CorpusSummary {
    /// For people: a line per kind of file.
    package var lines: [String] = []

    package init(_ root: URL) throws {
        var kinds: [String: (files: Int, bytes: Int, sample: String?)] = [:]
        guard let walk = FileManager.default.enumerator(atPath: root.path) else {
            throw LabError("cannot read '\(root.path)'")
        }
        for case let path as String in walk where walk.fileAttributes?[.type] as? FileAttributeType == .typeRegular {
            let bytes = walk.fileAttributes?[.size] as? Int ?? 0
            let kind =
                switch path {
                case _ where path.hasSuffix("/000001"): "block chunks"
                case _ where path.hasSuffix("/index"): "block indexes"
                case _ where path.hasPrefix("loki/"): "Loki chunks"
                default: "other"
                }
            var entry = kinds[kind] ?? (0, 0, nil)
            entry.files += 1
            entry.bytes += bytes
            entry.sample = min(entry.sample ?? path, path)
            kinds[kind] = entry
        }
        for (kind, entry) in kinds.sorted(by: { $0.value.bytes > $1.value.bytes }) {
            var line = "\(kind): \(entry.files) files, \(entry.bytes) bytes"
            if let sample = entry.sample, kind != "other" {
                let percent = try Self.gzipPercent(root.appending(path: sample))
                line += "; gzip -6 makes \(percent) % of the first 16 MiB of the first"
            }
            lines.append(line)
        }
    }

    private static func gzipPercent(_ file: URL) throws -> Int {
        let limit = 16 << 20
        let size = try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int ?? 0
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", #"head -c "$2" "$1" | gzip -6 | wc -c"#, "sh", file.path, String(limit)]
        let output = Pipe()
        shell.standardOutput = output
        try shell.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        shell.waitUntilExit()
        guard let packed = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)), size > 0 else {
            throw LabError("gzip gave no size for '\(file.path)'")
        }
        return packed * 100 / min(size, limit)
    }
}
