package import Foundation

/// The contents of a corpus and their compression by gzip, which show that it resembles real data.
package struct CorpusSummary {
    /// One line for each kind of file, for display.
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
                line += "; gzip -6 compresses the first 16 MiB of the first file to \(percent) %"
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
            throw LabError("gzip reported no size for '\(file.path)'")
        }
        return packed * 100 / min(size, limit)
    }
}
