internal import Cryptography

extension PackWriter {
    /// Adds a file that is not on this machine, streamed.
    ///
    /// A small file is stored once, whatever number of paths has its content. A large one is not compared with the
    /// repository: it would have to be read twice.
    /// - Parameter inspector: as for ``addFile(_:from:inspector:lookup:progress:)``.
    func addObject(
        _ record: FileRecord, from objects: any ObjectTree, inspector: (any ContentInspector)?, lookup: Lookup,
        progress: WorkProgress
    ) throws -> Outcome {
        guard record.size <= DocumentLimits.largestFile else {
            return .unreadable("it is larger than \(DocumentLimits.largestFile >> 40) TiB, the limit of one file")
        }
        return record.size <= buffer.count
            ? try addSmallObject(record, from: objects, inspector: inspector, lookup: lookup, progress: progress)
            : try addLargeObject(record, from: objects, inspector: inspector, progress: progress)
    }

    private func addSmallObject(
        _ record: FileRecord, from objects: any ObjectTree, inspector: (any ContentInspector)?, lookup: Lookup,
        progress: WorkProgress
    ) throws -> Outcome {
        var count = 0
        let reading = try objects.read(record) { piece in
            let size = min(piece.byteCount, buffer.count - count)
            piece.withUnsafeBytes { buffer.replaceSubrange(count..<count + size, with: $0.prefix(size)) }
            count += size
        }
        guard case .whole(let record) = reading else { return Self.outcome(of: reading) }
        guard count == record.size else { return .torn("it changed while it was read") }
        progress.update { $0.bytes += count }
        if count == 0 { return try Self.rejection(record, inspector?.finish()) ?? addDescription(record) }
        let damage = inspector?.inspect(buffer.span.bytes.extracting(first: count))
        if let rejection = Self.rejection(record, damage) { return rejection }
        let digest = Digest(bytes: hasher.digest(of: buffer.span.bytes.extracting(first: count)))
        return try addHashed(record, digest, lookup: lookup)
    }

    private func addLargeObject(
        _ record: FileRecord, from objects: any ObjectTree, inspector: (any ContentInspector)?, progress: WorkProgress
    ) throws -> Outcome {
        let (at, offset) = try beginFile(record)
        let hash = StreamHash()
        var done = 0
        let reading = try objects.read(record) { piece in
            let piece = piece.extracting(first: min(piece.byteCount, record.size - done))
            hash.update(piece)
            inspector?.write(piece)
            try write(piece)
            done += piece.byteCount
            progress.update { $0.bytes += piece.byteCount }
        }
        let isWhole = done == record.size
        if !isWhole {  // the header declares this size: pad the content, and omit the entry from the index
            buffer.replaceSubrange(0..<buffer.count, with: repeatElement(0, count: buffer.count))
            while done < record.size {
                try Task.checkCancellation()
                let count = min(buffer.count, record.size - done)
                try writeBuffer(first: count)
                done += count
            }
        }
        guard case .whole(let found) = reading, isWhole, let digest = hash.digest() else {
            try endEntry()
            if case .whole = reading { return .torn("it changed while it was read") }
            return Self.outcome(of: reading)
        }
        if let rejection = Self.rejection(found, inspector?.finish()) {
            try endEntry()
            return rejection
        }
        return try endFile(found, at: at, offset: offset, digest)
    }

    private static func outcome(of reading: ObjectReading) -> Outcome {
        switch reading {
        case .whole, .changed: .torn("it changed while it was read")
        case .vanished: .vanished
        case .unreadable(let reason): .unreadable(reason)
        }
    }
}
