import Testing

@testable import Loki

@Suite struct ChunkNameTests {
    @Test(arguments: [
        (
            "t2/657b23c1303cc13e/MWEyMDY1YTViNzI6MWEyMDY1YTViNzM6OGVmMGU5OTc=",
            ChunkName(
                tenant: "t2", fingerprint: 0x657b_23c1_303c_c13e, from: 0x1a2_065a_5b72, through: 0x1a2_065a_5b73,
                checksum: 0x8ef0_e997)
        ),
        (
            "dDIvNjU3YjIzYzEzMDNjYzEzZToxYTIwNjYwYWYwZjoxYTIwNjYwYWYxMDpjOGE2ODE0Mg==",
            ChunkName(
                tenant: "t2", fingerprint: 0x657b_23c1_303c_c13e, from: 0x1a2_0660_af0f, through: 0x1a2_0660_af10,
                checksum: 0xc8a6_8142)
        ),
    ])
    func `a path gives the fields of the chunk name`(path: String, name: ChunkName) {
        #expect(ChunkName(path) == name)
        if path.contains("/") { #expect(name.path == path) }
        #expect(ChunkName.through(Array(path.utf8).split(separator: UInt8(ascii: "/")).last ?? []) == name.through)
    }

    @Test(arguments: [
        "", "t2", "index/index_20780/1795402916-vm-1795402916779246951.tsdb.gz", "t2/657b/MWEyMDY1YTViNzI6MWEy",
        "t2/657b23c1303cc13e/MWEyMDY1YTViNzI6MWEyMDY1YTViNzM6OGVmMGU5OTc", "t2/0657/YToxYTph", "t2/G/YTphOmE=",
        "t2/a/b/YTphOmE=", "loki_cluster_seed.json",
    ])
    func `a path that does not name a chunk is rejected`(path: String) { #expect(ChunkName(path) == nil) }

    @Test func `any length of text survives base64`() {
        for count in 0...20 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37) }
            #expect(count == 0 || Base64.decode(Array(Base64.encode(bytes).utf8)) == bytes)
        }
    }
}
