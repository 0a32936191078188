internal import Foundation
internal import Platform

/// A journal as it was found, proved line by line.
package struct JournalReading: Equatable, Sendable {
    package var lines: [JournalLine]
    /// Bytes of the whole lines. What follows is a line that a crash cut off before its step began or ended.
    package var wholeBytes: Int
    package var isTorn: Bool

    /// - Throws: ``JournalError`` `.cannotRead`, `.tampered` with the line's number and what is wrong.
    package init(path: String) throws {
        let data: Data
        do { data = try Data(contentsOf: URL(filePath: path)) } catch {
            throw JournalError(.cannotRead, "journal '\(path)'", FileFailure.text(error))
        }
        try self.init([UInt8](data), name: "journal '\(path)'")
    }

    /// - Parameter name: what messages call it.
    package init(_ bytes: [UInt8], name: String) throws(JournalError) {
        let end = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        wholeBytes = end
        isTorn = end < bytes.count
        lines = []
        for (index, text) in bytes[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .dropLast().enumerated()
        {
            func refuse(_ why: String) -> JournalError {
                JournalError(
                    .tampered, name, "line \(index + 1): \(why)",
                    hint: "the journal was changed after it was written: it proves nothing, and is not resumed")
            }
            guard let text = String(validating: text, as: UTF8.self) else { throw refuse("it is not text") }
            let line: JournalLine
            do { line = try JournalLine(reading: text) } catch { throw refuse(error.reason) }
            guard line.body.number == index else {
                throw refuse("it is numbered \(line.body.number + 1): lines were removed or moved")
            }
            guard line.body.previous == lines.last?.digest ?? "" else {
                throw refuse("it does not follow the line before")
            }
            lines.append(line)
        }
        guard let first = lines.first else {
            throw JournalError(.cannotRead, name, "it holds no whole line: the run died before it began")
        }
        guard case .runBegan = first.body.event else {
            throw JournalError(.tampered, name, "line 1: it does not begin a run")
        }
    }

    /// What the run is. The first line holds it, which was checked.
    package var record: RunRecord? {
        if case .runBegan(let record)? = lines.first?.body.event { return record }
        return nil
    }

    /// Who carried it out last.
    var holder: RunHolder? {
        for line in lines.reversed() {
            if case .runResumed(let holder) = line.body.event { return holder }
        }
        return record?.holder
    }

    /// How it ended last; nil for one that died or still runs.
    package var end: RunEnd? {
        for line in lines.reversed() {
            switch line.body.event {
            case .runFinished(let end): return end
            case .runResumed: return nil
            default: continue
            }
        }
        return nil
    }
}
