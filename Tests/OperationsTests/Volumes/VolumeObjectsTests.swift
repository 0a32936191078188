import BackupRepository
import Platform
import StackConfiguration
import Testing

@testable import Operations

@Suite struct VolumeObjectsTests {
    private static var volume: KubernetesVolume {
        var volume = KubernetesVolume()
        (volume.workload, volume.mode) = ("statefulset/web", .inCluster)
        (volume.configMap, volume.secret) = ("dr-config", "dr-secret")
        return volume
    }

    @Test func `the objects of the mode in_cluster are there or are named`() async throws {
        let script = try await ScriptedKubectl(
            """
            *" get configmap/dr-config "*) echo configmap/dr-config ;;
            *" get secret/dr-secret "*) [ -e denied ] || exit 0; echo 'Error (Forbidden): secrets is forbidden' >&2; exit 1 ;;
            """)
        let objects = VolumeObjects(volume: Self.volume, kubectl: script.kubectl)
        let findings = await objects.objects()
        #expect(findings.map(\.subject) == ["configmap/dr-config", "secret/dr-secret"])
        #expect(findings.map(\.verdict) == [.ok, .failed])
        try script.write("denied", [])
        let denied = await objects.objects()
        #expect(denied.last?.verdict == .ok && denied.last?.detail.contains("not checked") == true)
    }

    @Test func `content that a restore moved aside is listed from the workload's pod`() async throws {
        let script = try await ScriptedKubectl(
            """
            *" exec web-0 --container=web -- ls -a /srv /srv/web"*)
                printf '/srv:\\n.\\n..\\nweb\\nweb.before-20261102T000000Z\\n\\n/srv/web:\\n.\\n..\\n.dr-before-20261101T000000Z\\na\\n' ;;
            """)
        let objects = VolumeObjects(volume: Self.volume, kubectl: script.kubectl)
        var place = try VolumePlacement(claim: "data", path: "/srv", subPath: nil)
        (place.data, place.container, place.pod) = ("/srv/web", "web", "web-0")
        let findings = await objects.previousContent(in: place)
        #expect(findings.map(\.verdict) == [.warning])
        for name in [".dr-before-20261101T000000Z", "web.before-20261102T000000Z"] {
            #expect(findings.first?.detail.contains("'\(name)'") == true)
        }
        // Without a running pod, and with an image that cannot list, nothing is known.
        place.pod = nil
        #expect(await objects.previousContent(in: place).isEmpty)
        place.pod = "other"
        #expect(await objects.previousContent(in: place).isEmpty)
    }
}
