import Foundation
import Lab

struct DRTool: BenchTool {
    /// The absolute path of the program.
    let program: String
    let name = "dr"
    let settings = "one component of kind files; defaults"
    let isIncremental = true
    var versionCommand: [String] { [program, "--version"] }

    private func configuration(_ job: BenchJob) -> String { job.folder.appending(path: "dr.yaml").path }

    func prepare(_ job: BenchJob) throws -> BenchCommand? {
        let store =
            switch job.place {
            case .directory: "{url: \"file://\(job.repository.path)\"}"
            case .s3(let bucket, let prefix):
                "{url: \"s3://\(bucket.name)/\(prefix)\", endpoint: \"\(bucket.endpoint)\", region: us-east-1, addressing: path}"
            }
        let text = """
            stack: bench
            store: \(store)
            components: {bench: {kind: files, data: "\(job.source.path)"}}
            state: "\(job.folder.appending(path: "state").path)"
            """
        try text.write(toFile: configuration(job), atomically: true, encoding: .utf8)
        return command(job, ["init"])
    }

    func backup(_ job: BenchJob) -> BenchCommand? { command(job, ["backup", "--json"]) }

    func restore(_ job: BenchJob, to output: URL) -> BenchCommand? {
        command(job, ["restore", "--component", "bench", "--to", output.path])
    }

    private func command(_ job: BenchJob, _ arguments: [String]) -> BenchCommand {
        BenchCommand(
            arguments: [program, "--config", configuration(job)] + arguments, environment: job.place.environment)
    }
}

struct ResticTool: BenchTool {
    let program: String
    let name = "restic"
    let settings = "compression auto, with its cache, encrypted (always)"
    let isIncremental = true
    var versionCommand: [String] { [program, "version"] }

    func prepare(_ job: BenchJob) -> BenchCommand? { command(job, ["init", "--repository-version", "2"]) }
    // Run it inside the tree: restic stores the given paths, and the restore must produce the tree itself.
    func backup(_ job: BenchJob) -> BenchCommand? { command(job, ["backup", "--quiet", "."], job.source.path) }
    func restore(_ job: BenchJob, to output: URL) -> BenchCommand? {
        command(job, ["restore", "latest", "--quiet", "--target", output.path])
    }

    private func command(_ job: BenchJob, _ arguments: [String], _ folder: String = "/") -> BenchCommand {
        let repository =
            switch job.place {
            case .directory: job.repository.path
            case .s3(let bucket, let prefix): "s3:\(bucket.endpoint)/\(bucket.name)/\(prefix)"
            }
        let own = [
            "RESTIC_REPOSITORY": repository, "RESTIC_PASSWORD": "bench",
            "RESTIC_CACHE_DIR": job.folder.appending(path: "cache").path,
        ]
        return BenchCommand(
            arguments: [program] + arguments, environment: job.place.environment.merging(own) { $1 }, folder: folder)
    }
}

struct RcloneTool: BenchTool {
    let program: String
    let name = "rclone copy"
    let settings = "defaults (4 transfers); stores only the latest state, no history"
    let isIncremental = true
    var versionCommand: [String] { [program, "version"] }

    func backup(_ job: BenchJob) -> BenchCommand? { command(job, [job.source.path, Self.remote(job)]) }
    func restore(_ job: BenchJob, to output: URL) -> BenchCommand? { command(job, [Self.remote(job), output.path]) }

    private func command(_ job: BenchJob, _ arguments: [String]) -> BenchCommand {
        BenchCommand(arguments: [program, "copy", "--quiet"] + arguments, environment: Self.environment(job.place))
    }

    static func remote(_ job: BenchJob) -> String {
        switch job.place {
        case .directory: job.repository.path
        case .s3(let bucket, let prefix): "lab:\(bucket.name)/\(prefix)"
        }
    }

    static func environment(_ place: BenchPlace) -> [String: String] {
        var variables = ["RCLONE_CONFIG": "/dev/null"]
        if case .s3(let bucket, _) = place {
            variables.merge([
                "RCLONE_CONFIG_LAB_TYPE": "s3", "RCLONE_CONFIG_LAB_PROVIDER": "Other",
                "RCLONE_CONFIG_LAB_ENDPOINT": bucket.endpoint, "RCLONE_CONFIG_LAB_REGION": "us-east-1",
                "RCLONE_CONFIG_LAB_ACCESS_KEY_ID": bucket.accessKey,
                "RCLONE_CONFIG_LAB_SECRET_ACCESS_KEY": bucket.secretKey,
                "RCLONE_CONFIG_LAB_FORCE_PATH_STYLE": "true",
            ]) { $1 }
        }
        return variables
    }
}

/// A fast client of S3: many transfers at once, without history, verification or compression.
struct S5cmdTool: BenchTool {
    let program: String
    let name = "s5cmd"
    let settings = "defaults (256 workers); stores only the latest state, no history"
    let isIncremental = true
    var versionCommand: [String] { [program, "version"] }

    func backup(_ job: BenchJob) -> BenchCommand? { command(job) { ["sync", "\(job.source.path)/", "\($0)/"] } }
    func restore(_ job: BenchJob, to output: URL) -> BenchCommand? {
        command(job) { ["cp", "\($0)/*", "\(output.path)/"] }
    }

    private func command(_ job: BenchJob, _ arguments: (String) -> [String]) -> BenchCommand? {
        guard case .s3(let bucket, let prefix) = job.place else { return nil }
        return BenchCommand(
            arguments: [program, "--endpoint-url", bucket.endpoint] + arguments("s3://\(bucket.name)/\(prefix)"),
            environment: job.place.environment)
    }
}

/// A typical script of a runbook: it archives the whole tree each time.
struct TarTool: BenchTool {
    let rclone: String
    let name = "tar | gzip"
    let settings = "gzip -6, one core; to S3 through rclone rcat"
    let isIncremental = false
    let versionCommand = ["/usr/bin/tar", "--version"]

    func backup(_ job: BenchJob) -> BenchCommand? {
        switch job.place {
        case .directory:
            shell(job, #"mkdir -p "$1" && tar -C "$2" -cf - . | gzip > "$1/tree.tar.gz""#, job.source)
        case .s3:
            shell(job, #"tar -C "$2" -cf - . | gzip | "$3" rcat --quiet "$1/tree.tar.gz""#, job.source)
        }
    }

    func restore(_ job: BenchJob, to output: URL) -> BenchCommand? {
        switch job.place {
        case .directory:
            shell(job, #"mkdir "$2" && gzip -dc "$1/tree.tar.gz" | tar -C "$2" -xf -"#, output)
        case .s3:
            shell(job, #"mkdir "$2" && "$3" cat --quiet "$1/tree.tar.gz" | gzip -dc | tar -C "$2" -xf -"#, output)
        }
    }

    private func shell(_ job: BenchJob, _ script: String, _ tree: URL) -> BenchCommand {
        BenchCommand(
            arguments: [
                "/bin/bash", "-o", "pipefail", "-c", script, "bash", RcloneTool.remote(job), tree.path, rclone,
            ], environment: RcloneTool.environment(job.place))
    }
}

/// The lower limit for a directory: the speed of the disk, without history, verification or compression.
struct CopyTool: BenchTool {
    let name = "cp -a"
    let settings = "repeated with -u; stores only the latest state"
    let isIncremental = true
    let versionCommand = ["/usr/bin/cp", "--version"]

    func backup(_ job: BenchJob) -> BenchCommand? {
        guard case .directory = job.place else { return nil }
        return BenchCommand(
            arguments: ["/usr/bin/cp", "-au", "--no-target-directory", job.source.path, job.repository.path])
    }

    func restore(_ job: BenchJob, to output: URL) -> BenchCommand? {
        guard case .directory = job.place else { return nil }
        return BenchCommand(
            arguments: ["/usr/bin/cp", "-a", "--no-target-directory", job.repository.path, output.path])
    }
}
