import Lab
import ObjectStorage
import Testing

@testable import Drills

@Suite struct DrilledStoreTests {
    @Test func `only marks are written`() throws {
        let folder = try TemporaryFolder("drilled")
        let live = try DirectoryStore(path: folder.path)
        let set = ObjectKey(trusted: "sets/one.json"), mark = ObjectKey(trusted: "marks/drilled/one.json")
        _ = try live.put(set, [1], options: PutOptions())
        let drilled = DrilledStore(live)
        #expect(try drilled.read(set) == [1])
        for key in ["sets/two.json", "repository.json", "tree/packs/p.tar.gz", "marks"] {
            let refusal = #expect(throws: ObjectStoreError.self) {
                try drilled.put(ObjectKey(trusted: key), [2], options: PutOptions())
            }
            #expect(refusal?.reason == .denied)
        }
        #expect(throws: ObjectStoreError.self) { try drilled.upload(mark, PutOptions()) }
        #expect(try drilled.delete([set]).count == 1 && live.read(set) == [1])
        let object = try #require(try drilled.placement(of: set))
        #expect(object.isReadable)
        #expect(throws: ObjectStoreError.self) { try drilled.move(object.object, to: .glacier, lock: nil) }
        #expect(throws: ObjectStoreError.self) { try drilled.thaw(set, days: 1, speed: .standard) }
        _ = try drilled.put(mark, [3], options: PutOptions())
        #expect(try live.read(mark) == [3])
    }
}
