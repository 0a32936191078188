import Foundation
import Lab

/// One of the programs that the benchmark sets side by side: how it is told to do the same work as the others.
protocol BenchTool: Sendable {
    var name: String { get }
    /// How it is run, for the reader of the table.
    var settings: String { get }
    /// A command whose first line names the version.
    var versionCommand: [String] { get }
    /// False for a tool that has no notion of an unchanged file: it does all the work again each time.
    var isIncremental: Bool { get }

    /// Makes an empty repository; not measured. Nil where nothing has to be made.
    func prepare(_ job: BenchJob) throws -> BenchCommand?
    /// Nil where the tool cannot do it.
    func backup(_ job: BenchJob) -> BenchCommand?
    /// Brings the tree back as the folder `output`, which does not exist yet but whose parent does.
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

/// What a tool works on in one round.
struct BenchJob: Sendable {
    /// The tree to back up.
    var source: URL
    /// A folder of the tool's own for its repository, caches and configuration; empty at first.
    var folder: URL
    var place: BenchPlace

    /// The repository, where it is a directory.
    var repository: URL { folder.appending(path: "repository") }

    /// The folder whose files hold what was stored, whoever wrote them.
    var stored: URL {
        switch place {
        case .directory: repository
        case .s3(let bucket, _): bucket.data
        }
    }
}

/// Where backups go.
enum BenchPlace: Sendable {
    case directory
    /// A bucket on a server that speaks S3; `prefix` is the tool's own.
    case s3(BenchBucket, prefix: String)

    var name: String {
        switch self {
        case .directory: "directory"
        case .s3: "S3"
        }
    }

    /// Credentials as every tool here takes them.
    var environment: [String: String] {
        guard case .s3(let bucket, _) = self else { return [:] }
        return [
            "AWS_ACCESS_KEY_ID": bucket.accessKey, "AWS_SECRET_ACCESS_KEY": bucket.secretKey,
            "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
        ]
    }
}

struct BenchBucket: Sendable {
    /// `http://127.0.0.1:PORT`
    var endpoint: String
    var name: String
    var accessKey: String
    var secretKey: String
    /// Where the server keeps its files.
    var data: URL
}
