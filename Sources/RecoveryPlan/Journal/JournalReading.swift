internal import FoundationEssentials
internal import Platform

/// A journal read from disk, with each line verified.
package struct JournalReading: Equatable, Sendable {
    package var lines: [JournalLine]
    /// The size of the complete lines in bytes. A crash may have left an incomplete line after them.
    package var wholeBytes: Int
    package var isTorn: Bool

    /// The greatest journal in bytes. The journal of a long run has less than a tenth of it, and each part of a journal
    /// that came from elsewhere costs memory many times over.
    package static let mostBytes = 64 << 20

    /// Reads and verifies a journal.
    /// - Throws: ``JournalError`` `.cannotRead`, or `.tampered` with the line number and the reason.
    package init(path: String) throws {
        let bytes: [UInt8]
        do { bytes = try InputFile.head(of: path, upTo: Self.mostBytes + 1) } catch {
            throw JournalError(.cannotRead, object: "journal '\(path)'", error.detail)
        }
        try self.init(bytes, name: "journal '\(path)'")
    }

    /// - Parameter name: the journal's name in messages.
    package init(_ bytes: [UInt8], name: String) throws(JournalError) {
        guard bytes.count <= Self.mostBytes else {
            throw JournalError(
                .cannotRead, object: name, "it has more than \(Self.mostBytes >> 20) MiB: dr did not write it")
        }
        let end = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        wholeBytes = end
        isTorn = end < bytes.count
        lines = []
        for (index, text) in bytes[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .dropLast().enumerated()
        {
            func refuse(_ why: String) -> JournalError {
                JournalError(
                    .tampered, object: name, "line \(index + 1): \(why)",
                    hint: "the journal was changed after it was written: it is not evidence and cannot be resumed")
            }
            guard let text = String(validating: text, as: UTF8.self) else { throw refuse("it is not text") }
            let line: JournalLine
            do { line = try JournalLine(reading: text) } catch { throw refuse(error.reason) }
            guard line.body.number == index else {
                throw refuse("it is numbered \(line.body.number.addingClamped(1)): lines were removed or moved")
            }
            guard line.body.previous == lines.last?.digest ?? "" else {
                throw refuse("it does not follow the previous line")
            }
            lines.append(line)
        }
        guard let first = lines.first else {
            throw JournalError(
                .cannotRead, object: name, "it contains no complete line: the run stopped before it started")
        }
        guard case .runBegan = first.body.event else {
            throw JournalError(.tampered, object: name, "line 1: it does not start a run")
        }
    }

    /// The definition of the run, from the first line.
    package var record: RunRecord? {
        if case .runBegan(let record)? = lines.first?.body.event { return record }
        return nil
    }

    /// The latest holder of the run.
    var holder: RunHolder? {
        for line in lines.reversed() {
            if case .runResumed(let holder) = line.body.event { return holder }
        }
        return record?.holder
    }

    /// The end of the run; nil if it crashed or is still running.
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
