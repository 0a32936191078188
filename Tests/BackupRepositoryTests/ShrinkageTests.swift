import Cryptography
import Testing

@testable import BackupRepository

/// The cases in which a backup holds so much less that it must not replace the previous one.
@Suite struct ShrinkageTests {
    struct Size: Sendable, CustomTestStringConvertible {
        var files: Int
        var bytes: Int
        /// Milliseconds since 1970.
        var data: ClosedRange<Int>?
        var datum: DatumState?

        var testDescription: String { "\(files) files, \(bytes) B" }
    }

    private func shrinkage(from before: Size, to after: Size, threshold: Double = 0.5) -> Shrinkage {
        let time = Timestamp(seconds: 0)
        var part = BackupSet.Component(
            source: "files", manifest: time, sha256: .init(of: []), captured: time, files: before.files,
            bytes: before.bytes, damaged: 0, added: .init(), seconds: 0)
        (part.oldest, part.watermark) = (before.data?.lowerBound, before.data?.upperBound)
        let manifest = Manifest(
            format: 1, component: "c", source: "files", name: time, captured: time, run: nil,
            watermark: after.data?.upperBound, oldest: after.data?.lowerBound, datum: after.datum, facts: [:],
            totals: .init(files: after.files, directories: 0, links: 0, bytes: after.bytes), damage: [], withheld: nil,
            packs: [])
        return Shrinkage(from: part, to: manifest, threshold: threshold)
    }

    private static let day = 86_400_000

    @Test(arguments: [
        (Size(files: 50, bytes: 200), Size(files: 1, bytes: 2), true),
        (Size(files: 50, bytes: 200), Size(files: 0, bytes: 0), true),
        (Size(files: 3, bytes: 200), Size(files: 0, bytes: 0), true),
        (Size(files: 3, bytes: 200), Size(files: 1, bytes: 2), false),
        (Size(files: 50, bytes: 200), Size(files: 26, bytes: 2), false),
        (Size(files: 1, bytes: 100_000_000), Size(files: 1, bytes: 0), true),
        // A single measure has to fall further.
        (Size(files: 100, bytes: 100_000_000), Size(files: 99, bytes: 40_000_000), false),
        (Size(files: 100, bytes: 100_000_000), Size(files: 99, bytes: 4_000_000), true),
        // A server that records times merges its files and compacts its bytes.
        (
            Size(files: 48, bytes: 9_000_000, data: 0...day), Size(files: 8, bytes: 8_000_000, data: 0...day), false
        ),
        (
            Size(files: 48, bytes: 9_000_000, data: 0...day), Size(files: 4, bytes: 2_000, data: day...(day + 12_000)),
            true
        ),
        (
            Size(files: 48, bytes: 9_000_000, data: 0...day), Size(files: 4, bytes: 2_000, datum: .empty), true
        ),
    ]) func `shrinkage distinguishes a collapse from ordinary change`(before: Size, after: Size, isCollapse: Bool) {
        #expect(shrinkage(from: before, to: after).isCollapse == isCollapse)
    }

    @Test func `the threshold can be moved, up to never`() {
        let (full, half) = (Size(files: 100, bytes: 10), Size(files: 40, bytes: 4))
        #expect(shrinkage(from: full, to: half).isCollapse)
        #expect(!shrinkage(from: full, to: half, threshold: 0.7).isCollapse)
        #expect(!shrinkage(from: full, to: Size(files: 0, bytes: 0), threshold: 1).isCollapse)
        #expect(shrinkage(from: full, to: Size(files: 98, bytes: 9), threshold: 0.01).isCollapse)
    }

    @Test func `the shrinkage text states which figures fell`() {
        #expect(
            shrinkage(from: Size(files: 50, bytes: 2_000_000), to: Size(files: 1, bytes: 9)).text
                == "from 50 to 1 files, from 2000000 to 9 bytes")
        #expect(shrinkage(from: Size(files: 3, bytes: 9), to: Size(files: 0, bytes: 0)).text == "to nothing")
        #expect(shrinkage(from: Size(files: 50, bytes: 9), to: Size(files: 49, bytes: 9)).text == nil)
    }

    @Test func `no datum is recorded later than its capture`() {
        let end = Timestamp(seconds: 1000)
        #expect(NewestDatum.at(900_000).recorded(capturedUntil: end) == (900_000, nil))
        #expect(NewestDatum.at(1_100_000).recorded(capturedUntil: end) == (1_000_000, nil))
        #expect(NewestDatum.at(2_000_000).recorded(capturedUntil: end) == (1_000_000, .future))
        #expect(NewestDatum.at(.max).recorded(capturedUntil: end) == (1_000_000, .future))
        #expect(NewestDatum.empty.recorded(capturedUntil: end) == (nil, .empty))
        #expect(NewestDatum.unknown.recorded(capturedUntil: end) == (nil, .unknown))
        #expect(NewestDatum.ofCapture.recorded(capturedUntil: end) == (nil, nil))
        #expect(NewestDatum(5_000, copiedFrom: 4_000) == .at(4_000))
        #expect(NewestDatum(5_000_000, copiedFrom: 4_000) == .at(5_000_000))
        #expect(NewestDatum(nil, copiedFrom: 4_000) == .empty)
    }
}
