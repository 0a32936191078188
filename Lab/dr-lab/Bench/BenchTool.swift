import Foundation
import Lab

/// A program that the benchmark compares, with the commands for the same work as the others.
protocol BenchTool: Sendable {
    var name: String { get }
    /// A description of its settings, for the table.
    var settings: String { get }
    /// A command whose first line names the version.
    var versionCommand: [String] { get }
    /// False for a tool that does not recognise unchanged files and repeats all the work each time.
    var isIncremental: Bool { get }

    /// Returns the command that creates an empty repository, which is not measured; nil if none is needed.
    func prepare(_ job: BenchJob) throws -> BenchCommand?
    /// Returns the backup command; nil if the tool does not support it.
    func backup(_ job: BenchJob) -> BenchCommand?
    /// Returns the command that restores the tree to `output`, which does not exist yet. Its parent exists.
    func restore(_ job: BenchJob, to output: URL) -> BenchCommand?
}

extension BenchTool {
    func prepare(_ job: BenchJob) throws -> BenchCommand? { nil }
}

struct BenchCommand: Sendable {
    var arguments: [String]
    var environment: [String: String] = [:]
    var folder = "/"
}

/// The input of a tool in one round.
struct BenchJob: Sendable {
    /// The tree to back up.
    var source: URL
    /// The tool's private folder for its repository, caches and configuration; initially empty.
    var folder: URL
    var place: BenchPlace

    /// The repository, if it is a directory.
    var repository: URL { folder.appending(path: "repository") }

    /// The folder that contains the stored data, written by the tool or by the S3 server.
    var stored: URL {
        switch place {
        case .directory: repository
        case .s3(let bucket, _): bucket.data
        }
    }
}

/// The destination of backups.
enum BenchPlace: Sendable {
    case directory
    /// A bucket on an S3 server, with the tool's private `prefix`.
    case s3(BenchBucket, prefix: String)

    var name: String {
        switch self {
        case .directory: "directory"
        case .s3(let bucket, _): bucket.place
        }
    }

    /// The credentials as environment variables, which all tools accept.
    var environment: [String: String] {
        guard case .s3(let bucket, _) = self else { return [:] }
        return [
            "AWS_ACCESS_KEY_ID": bucket.accessKey, "AWS_SECRET_ACCESS_KEY": bucket.secretKey,
            "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
        ]
    }
}

struct BenchBucket: Sendable {
    /// Its name in tables.
    var place = "S3"
    /// The URL of the server: `http://127.0.0.1:PORT`.
    var endpoint: String
    var name: String
    var accessKey: String
    var secretKey: String
    /// The server's data folder.
    var data: URL
}
