import Foundation
import ObjectStorage
import Synchronization
import Testing

/// The requirements of `ObjectStore`, tested with every store.
@Suite struct ConformanceTests {
    @Test(arguments: StoreKind.allCases) func `a stored object can be read back`(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            for size in [0, 1, 65_537, 3 << 20] {
                let key = ObjectKey(trusted: "a/b-\(size).x_y"), bytes = content(size)
                let info = try store.put(key, bytes, options: PutOptions())
                #expect(info.key == key && info.size == size)
                #expect(try store.bytes(key) == bytes)
                let head = try store.head(key)
                #expect(head?.key == key && head?.size == size)
                #expect(abs((head?.modified ?? 0) - Int(Date().timeIntervalSince1970)) < 3600)
            }
        }
    }

    @Test(arguments: StoreKind.allCases) func `an upload of any length can be read back`(_ kind: StoreKind) async throws
    {
        try await withStore(kind) { store in
            for size in [0, 1, partSize - 1, partSize, partSize + 1, 2 * partSize + 12_345] {
                let key = ObjectKey(trusted: "u/\(size)"), bytes = content(size, seed: UInt64(size))
                let info = try store.upload(key, bytes)
                #expect(info.key == key && info.size == size)
                #expect(try store.bytes(key) == bytes)
                #expect(try store.head(key)?.size == size)
            }
        }
    }

    @Test(arguments: StoreKind.allCases) func `an enumeration finds what a listing finds`(_ kind: StoreKind)
        async throws
    {
        try await withStore(kind) { store in
            // Names that path-keeping servers sort in another order than S3, and more than two pages.
            let few = ["a", "a-b/1", "a/1", "a/2/3", "l/edger/1", "l/edger/2", "l/edger-2/1", "l/edger.x", "z/1"]
            let many = (0..<25).map { "l/edger/x\($0)" } + (0..<25).map { "m/\($0)" }
            for key in few + many where key != "a" || kind == .moto { try store.put(key) }
            for prefix in ["", "a", "a/", "l/", "l/edger", "m/", "n/"] {
                for skipped in [nil, "l/edger/"] {
                    let expected = try store.keys(prefix: prefix).filter { key in
                        skipped.map { key.hasPrefix($0) } != true
                    }
                    var found: [String] = []
                    try store.enumerate(prefix: prefix, skipping: skipped) { found.append($0.key.text) }
                    #expect(Set(found) == Set(expected), "\(prefix) without \(skipped ?? "nothing")")
                }
            }
        }
    }

    @Test(arguments: StoreKind.allCases) func `a write may be a trial`(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            var trial = PutOptions()
            trial.isTrial = true
            let info = try store.put("marks/run/1", [1, 2], options: trial)
            #expect(info.size == 2)
            #expect(try store.bytes("marks/run/1") == [1, 2])
            #expect(reason { _ = try store.put("marks/run/1", [3], options: PutOptions()) } == .alreadyExists)
            _ = try store.put("other", [4], options: PutOptions())
            #expect(reason { _ = try store.put("other", [5], options: PutOptions()) } == .alreadyExists)
            #expect(try store.bytes("other") == [4])
            if let time = try store.storeTime() { #expect(abs(time - Int(Date().timeIntervalSince1970)) < 3600) }
        }
    }

    @Test(arguments: StoreKind.allCases) func `a key is written once`(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            _ = try store.put("one", [1], options: PutOptions())
            #expect(reason { _ = try store.put("one", [2], options: PutOptions()) } == .alreadyExists)
            #expect(reason { _ = try store.put("one", [1], options: PutOptions()) } == .alreadyExists)
            #expect(reason { _ = try store.upload("one", [3]) } == .alreadyExists)
            #expect(reason { _ = try store.upload("one", content(partSize + 1)) } == .alreadyExists)
            #expect(try store.bytes("one") == [1])
        }
    }

    @Test(arguments: StoreKind.allCases) func `without a condition the last one wins`(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            _ = try store.put("one", [1], options: PutOptions())
            _ = try store.put("one", [2, 2], options: PutOptions(.none))
            #expect(try store.bytes("one") == [2, 2])
            _ = try store.upload("one", [3, 3, 3], options: PutOptions(.none))
            #expect(try store.bytes("one") == [3, 3, 3])
            let large = content(partSize + 7)
            _ = try store.upload("one", large, options: PutOptions(.none))
            #expect(try store.bytes("one") == large)
        }
    }

    @Test(arguments: StoreKind.allCases) func `nothing shows before an upload ends`(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let upload = try store.upload("late", PutOptions()), bytes = content(2 * partSize + 1)
            try bytes.withUnsafeBytes { try upload.write($0.bytes) }
            #expect(try store.head("late") == nil)
            #expect(try store.keys() == [])
            #expect(try upload.finish().size == bytes.count)
            upload.cancel()
            #expect(try store.keys() == ["late"])
            #expect(try store.bytes("late") == bytes)
        }
    }

    @Test(arguments: StoreKind.allCases, [10, 2 * partSize])
    func `an upload that is given up leaves nothing`(_ kind: StoreKind, _ size: Int) async throws {
        try await withStore(kind) { store in
            let bytes = content(size)
            for isDropped in [true, false] {
                let upload = try store.upload("gone", PutOptions())
                try bytes.withUnsafeBytes { try upload.write($0.bytes) }
                if !isDropped { upload.cancel() }
            }
            #expect(try store.head("gone") == nil)
            #expect(try store.keys() == [])
            _ = try store.put("gone", [1], options: PutOptions())
        }
    }

    @Test(arguments: StoreKind.allCases) func `a range read returns exactly the requested bytes`(_ kind: StoreKind)
        async throws
    {
        try await withStore(kind) { store in
            let size = 2_500_000, bytes = content(size)
            _ = try store.put("big", bytes, options: PutOptions())
            for range in [0..<size, 0..<1, size - 1..<size, 17..<1_500_000, 5..<5, size..<size] {
                #expect(try store.bytes("big", range: range) == Array(bytes[range]), "\(range)")
            }
            for range in [0..<size + 1, size..<size + 1, size + 1..<size + 2, size + 5..<size + 5] {
                #expect(reason { _ = try store.bytes("big", range: range) } == .invalidRange, "\(range)")
            }
            try store.get("big", range: nil) { #expect($0.byteCount <= 1 << 20) }
        }
    }

    @Test(arguments: StoreKind.allCases) func `operations on a missing object report that it is not found`(
        _ kind: StoreKind
    ) async throws {
        try await withStore(kind) { store in
            try store.put("a/b")
            for key in ["a", "b", "a/c", "c/d/e"] as [ObjectKey] {
                #expect(try store.head(key) == nil)
                #expect(reason { _ = try store.bytes(key) } == .notFound)
                #expect(reason { _ = try store.bytes(key, range: 0..<1) } == .notFound)
            }
            #expect(try store.delete(["a/c", "nothing"]) == [])
            #expect(try store.keys() == ["a/b"])
            #expect(try store.keys(prefix: "zzz/") == [])
        }
    }

    @Test(arguments: StoreKind.allCases) func `the sink's error passes unchanged`(_ kind: StoreKind) async throws {
        struct Stop: Error {}
        try await withStore(kind) { store in
            try store.put("a", content(100))
            #expect(throws: Stop.self) { try store.get("a", range: nil) { _ in throw Stop() } }
            #expect(throws: Stop.self) { try store.list(prefix: "", after: nil) { _ in throw Stop() } }
            #expect(reason { _ = try store.read("a", limit: 99) } == .tooLarge)
            #expect(try store.read("a", limit: 100).count == 100)
        }
    }

    @Test(arguments: StoreKind.allCases) func `a listing is in the order of bytes`(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            // "-" and "." come before "/", which comes before digits and letters.
            let keys = [
                "A", "Z/1", "_x", "a-b/1", "a-b/2", "a.b", "a.c/z", "a/0", "a/b-c/1", "a/b-d", "a/b.c", "a/b/1/2",
                "a/b/3",
                "a/b0", "a0/1", "a0b", "ab/1", "b",
            ].sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            for key in keys.reversed() { try store.put(key, content(key.utf8.count)) }
            #expect(try store.keys() == keys)
            for prefix in ["a", "a/", "a/b", "a/b/", "a-", "a.", "Z/1", "c", "a/b/1/2", "_"] {
                #expect(try store.keys(prefix: prefix) == keys.filter { $0.hasPrefix(prefix) }, "\(prefix)")
            }
            for after in ["a", "a-b/1", "a/b-c/1", "a/b/1", "b", "0", "a/b"] {
                let rest = keys.filter { after.utf8.lexicographicallyPrecedes($0.utf8) }
                #expect(try store.keys(after: ObjectKey(trusted: after)) == rest, "\(after)")
                let inside = rest.filter { $0.hasPrefix("a/b") }
                #expect(try store.keys(prefix: "a/b", after: ObjectKey(trusted: after)) == inside, "\(after)")
            }
            try store.list(prefix: "", after: nil) { info in
                #expect(info.size == info.key.text.utf8.count)
                return .proceed
            }
            var first: [String] = []
            try store.list(prefix: "a", after: nil) { info in
                first.append(info.key.text)
                return first.count == 3 ? .stop : .proceed
            }
            #expect(first == ["a-b/1", "a-b/2", "a.b"])
        }
    }

    @Test(arguments: StoreKind.allCases) func `deleted objects no longer exist`(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let keys = (0..<25).map { ObjectKey(trusted: "d/\($0)") }
            for key in keys { _ = try store.put(key, [1], options: PutOptions()) }
            #expect(try store.delete(Array(keys[..<20]) + ["d/missing"]) == [])
            #expect(try store.keys() == keys[20...].map(\.text).sorted())
            #expect(try store.head(keys[0]) == nil)
            #expect(try store.delete([]) == [])
            _ = try store.put(keys[0], [2], options: PutOptions())
        }
    }

    @Test(arguments: StoreKind.allCases) func `many writers at once`(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let winners = Mutex<[UInt8]>([])
            let group = DispatchGroup()
            for writer in UInt8(0)..<8 {
                group.enter()
                Thread {
                    defer { group.leave() }
                    do {
                        try store.put("own/\(writer)", [writer])
                        _ = try store.put("same", [writer], options: PutOptions())
                        winners.withLock { $0.append(writer) }
                    } catch let error as ObjectStoreError where error.reason == .alreadyExists {
                    } catch {
                        Issue.record(error)
                    }
                }.start()
            }
            group.wait()
            let won = winners.withLock { $0 }
            let own = try store.keys(prefix: "own/")
            #expect(own.count == 8)
            if kind.hasAtomicCreation {
                #expect(won.count == 1)
                #expect(try store.bytes("same") == won)
            }
        }
    }

    @Test(arguments: StoreKind.allCases) func `a cancelled task goes no further`(_ kind: StoreKind) async throws {
        try await withStore(kind) { try $0.put("a") }
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try await withStore(kind) { store in
                #expect(throws: CancellationError.self) { try store.put("b") }
                #expect(throws: CancellationError.self) { try store.bytes("a") }
                #expect(throws: CancellationError.self) { try store.head("a") }
                #expect(throws: CancellationError.self) { try store.keys() }
                #expect(throws: CancellationError.self) { try store.delete(["a"]) }
                #expect(throws: CancellationError.self) { try store.upload("c", content(10)) }
            }
        }
        task.cancel()
        try await task.value
    }
}
