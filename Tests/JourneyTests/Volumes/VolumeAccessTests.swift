import Documents
import Foundation
import Lab
import Testing

/// The other ways to a volume: out of the container, by a snapshot, by a Job with credentials of its own.
@Suite(.serialized, .enabled(if: LaboratoryCluster.isPossible)) struct VolumeAccessTests {
    private static let web = "web: {kind: files, kubernetes: {workload: statefulset/web}}"

    @Test(arguments: [nil, ExecFault.endsEarly(after: 100_000), .losesLast(600), .exitStatus(0)])
    func `small data are copied out of the container, and lost bytes are noticed`(fault: ExecFault?) async throws {
        let component = "web: {kind: files, kubernetes: {workload: statefulset/web, access: exec}}"
        try await VolumeJourney.run(components: component) { place in
            try await place.makeNamespace()
            try await place.applyFiles()
            let before = try await place.sums()
            let faults = Countdown(1)
            place.cluster.kubelet.failExec { request in
                request.command.contains("tar") && faults.next() ? fault : nil
            }
            try await place.journey.expect(0, "backup")
            place.cluster.kubelet.failExec(nil)
            #expect(faults.isUsed)
            try await place.journey.expect(0, "restore", "--component", "web", "--to", "out")
            let files = place.journey.folder.url.appending(path: "out")
            for line in before.split(separator: "\n").dropLast() {
                let words = line.split(separator: " ")
                let sum = try await CommandRun.run("/usr/bin/sha256sum", ["\(files.path)/\(words[1])"])
                #expect(sum.output.hasPrefix(words[0]), "\(line)")
            }
        }
    }

    @Test func `a directory beyond the limit is not copied`() async throws {
        let component = "web: {kind: files, kubernetes: {workload: statefulset/web, access: exec, limit: 100KiB}}"
        try await VolumeJourney.run(components: component) { place in
            try await place.makeNamespace()
            try await place.applyFiles()
            let run = try await place.journey.expect(1, "backup")
            #expect(run.errors.contains("the limit of access 'exec'"), "\(run.errors)")
        }
    }

    @Test func `a snapshot of the claim is read on any node, and the newest ones stay`() async throws {
        let component =
            "web: {kind: files, kubernetes: {workload: statefulset/web, access: snapshot, keep: 1}}"
        try await VolumeJourney.run(components: component) { place in
            try await place.makeNamespace()
            try await place.applyFiles()
            try await place.journey.expect(0, "backup")
            try await place.journey.expect(0, "backup")
            try await place.journey.expect(0, "verify", "--read-data")
            try await Patience.wait(until: "only the claim of the stack and one snapshot stay") {
                let claims = try await place.cluster.object(["pvc", "-n", VolumeJourney.namespace])
                let snapshots = try await place.cluster.object(["volumesnapshots", "-n", VolumeJourney.namespace])
                return claims["items"]?.array?.count == 1 && snapshots["items"]?.array?.count == 1
            }
        }
    }

    @Test func `a job with its own configuration stores its component itself`() async throws {
        let component =
            "web: {kind: files, kubernetes: {workload: statefulset/web, mode: in_cluster, config_map: dr, secret: dr}}"
        let server = try await SharedS3Server.seaweedFS()
        try await VolumeJourney.run(components: component, s3: server) { place in
            try await place.makeNamespace()
            try await place.applyFiles()
            try await place.applyOwnConfiguration(component, of: server, endpoint: server.endpoint)
            try await place.journey.expect(0, "backup")
            let second = try await place.journey.expect(0, "backup")
            #expect(second.output.contains("0 B"), "\(second.output)")
            try await place.journey.expect(0, "verify", "--read-data")
        }
    }

    @Test func `a job with another document key is told of`() async throws {
        let component =
            "web: {kind: files, kubernetes: {workload: statefulset/web, mode: in_cluster, config_map: dr, secret: dr}}"
        let server = try await SharedS3Server.seaweedFS()
        try await VolumeJourney.run(components: component, s3: server, initialize: false) { place in
            try await place.journey.expect(0, "init", "--recovery-key", "recovery.pem")
            let folder = place.journey.folder.url
            let store = "store: {url: \"s3://\(place.journey.bucketAndPrefix)\", recipients: [recovery.pem.crt]}"
            let text = try String(contentsOf: folder.appending(path: "dr.yaml"), encoding: .utf8)
                .replacing("store: {url: \"s3://\(place.journey.bucketAndPrefix)\"}", with: store)
            try Data(text.utf8).write(to: folder.appending(path: "dr.yaml"))
            let certificate = try String(contentsOf: folder.appending(path: "recovery.pem.crt"), encoding: .utf8)
            try await place.makeNamespace()
            try await place.applyFiles(files: 20)
            let map: JSONValue = [
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": ["name": "dr", "namespace": .string(VolumeJourney.namespace)],
                "data": [
                    "dr.yaml": .string("\(store)\ncomponents: {\(component)}\n"),
                    "recovery.pem.crt": .string(certificate),
                ],
            ]
            let secret: JSONValue = [
                "apiVersion": "v1", "kind": "Secret",
                "metadata": ["name": "dr", "namespace": .string(VolumeJourney.namespace)],
                "stringData": .object(place.journey.environment.mapValues { .string($0) }),
            ]
            for document in [map, secret] {
                try await place.cluster.apply(String(decoding: document.compact, as: UTF8.self))
            }
            let run = try await place.journey.dr(["backup"])
            #expect(run.status != 0 && run.errors.contains("cannot read its result"), "\(run.output)\(run.errors)")
            #expect(run.errors.contains("document_key"), "\(run.errors)")
        }
    }

    @Test func `packs are encrypted by the mover, and only dr has the keys`() async throws {
        try await VolumeJourney.run(components: Self.web, initialize: false) { place in
            try await place.journey.expect(0, "init", "--recovery-key", "recovery.pem")
            let file = place.journey.folder.url.appending(path: "dr.yaml")
            let text = try String(contentsOf: file, encoding: .utf8)
                .replacing("repository\"}", with: "repository\", recipients: [recovery.pem.crt]}")
            try Data(text.utf8).write(to: file)
            try await place.makeNamespace()
            try await place.applyFiles(files: 50)
            let before = try await place.sums()
            try await place.journey.expect(0, "backup")
            try await place.journey.expect(0, "backup")
            try await place.cluster.require(["delete", "namespace", VolumeJourney.namespace, "--wait=true"])
            try await place.makeNamespace()
            let sealed = try await place.journey.dr(["restore", "--component", "web"])
            #expect(sealed.status != 0)
            try await place.journey.expect(
                0, "restore", "--component", "web", "--replace", "--recovery-key", "recovery.pem")
            try await place.applyFiles(files: 50)
            #expect(try await place.sums() == before)
        }
    }
}
