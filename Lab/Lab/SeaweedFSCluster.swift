internal import Foundation

/// SeaweedFS in several processes: three servers of volumes, each object on two of them.
package final class SeaweedFSCluster: S3Server {
    package let endpoint: String
    package let accessKey = "dr-lab"
    package let secretKey = "dr-lab-secret"
    package let folder: TemporaryFolder
    /// The server of the S3 API.
    package let process: ServerProcess
    private let master: ServerProcess
    private let filer: ServerProcess
    package let volumes: [ServerProcess]

    package init() async throws {
        let weed = try LabTool.path("weed")
        folder = try TemporaryFolder("seaweedfs-cluster")
        try SeaweedFS.writeIdentities(accessKey: accessKey, secretKey: secretKey, to: folder.url)
        let ports = try FreePort.find(12)
        let url = folder.url
        func server(_ name: String, _ port: Int, _ arguments: [String]) async throws -> ServerProcess {
            let place = [
                "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-port=\(ports[port])", "-port.grpc=\(ports[port + 1])",
            ]
            return try await ServerProcess(name, executable: weed, arguments: arguments + place, folder: url)
        }
        let address = "127.0.0.1:\(ports[0]).\(ports[1])"
        for name in ["master", "volume0", "volume1", "volume2", "filer"] {
            try FileManager.default.createDirectory(at: url.appending(path: name), withIntermediateDirectories: true)
        }
        master = try await server(
            "master", 0,
            ["master", "-mdir=master", "-defaultReplication=001", "-volumeSizeLimitMB=64", "-telemetry=false"])
        var volumes: [ServerProcess] = []
        for number in 0..<3 {
            volumes.append(
                try await server(
                    "volume\(number)", 2 + 2 * number,
                    ["volume", "-mserver=\(address)", "-dir=volume\(number)", "-max=300"]))
        }
        self.volumes = volumes
        filer = try await server("filer", 8, ["filer", "-master=\(address)", "-defaultStoreDir=filer"])
        process = try await ServerProcess(
            "s3", executable: weed,
            arguments: [
                "s3", "-filer=127.0.0.1:\(ports[8]).\(ports[9])", "-config=s3.json", "-ip.bind=127.0.0.1",
                "-port=\(ports[10])", "-port.grpc=\(ports[11])", "-port.iceberg=0", "-port.lance=0",
            ], folder: url)
        endpoint = "http://127.0.0.1:\(ports[10])"
        try await waitUntilReady()
    }
}
