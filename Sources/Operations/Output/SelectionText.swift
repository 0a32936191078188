package import BackupRepository
import Platform

/// Which sets were taken, and which were not, in words.
package enum SelectionText {
    /// Warns of sets that were passed over for everything.
    package static func tell(_ passedOver: [RestoreSelection.PassedOver], _ output: Output) {
        for line in lines(passedOver) { output.warn(line) }
    }

    /// Warns of what is not taken from the newest set.
    package static func tell(_ selection: RestoreSelection, _ output: Output) {
        tell(selection.passedOver, output)
        for line in lines(selection) { output.warn(line) }
    }

    private static func lines(_ passedOver: [RestoreSelection.PassedOver]) -> [String] {
        let (future, unreadable) = (
            passedOver.filter { $0.kind == .future }, passedOver.filter { $0.kind != .future }
        )
        var lines = unreadable.prefix(most).map { "set \($0.set) is passed over: \($0.reason)" }
        if unreadable.count > most { lines.append("\(unreadable.count - most) more sets are passed over") }
        if let first = future.first { lines.append(Self.future(first, of: future.count)) }
        return lines
    }

    private static let most = 5

    package static func future(_ first: RestoreSelection.PassedOver, of count: Int) -> String {
        let more = count > 1 ? ", and so are \(count - 1) more" : ""
        return "set \(first.set) is passed over: \(first.reason)\(more)\nhint: is this clock right? then "
            + "`dr drop \(first.set) --reason \"wrong clock\"` removes it; else set the clock"
    }

    /// One line for each component that is not in the newest set as it should be.
    package static func lines(_ selection: RestoreSelection) -> [String] {
        selection.parts.sorted { $0.key < $1.key }.compactMap { component, part in
            guard let newer = part.passedOver.first else {
                return part.set.components[component].flatMap { note(component, part: $0, set: part.set.name) }
            }
            let older = Units.duration(seconds: newer.set.seconds - part.set.name.seconds)
            let more = part.passedOver.count > 1 ? "; \(part.passedOver.count - 1) more are passed over" : ""
            let override = [.partial, .shrunk, .empty].contains(newer.kind) ? " (--at \(newer.set) takes it)" : ""
            return "\(component): set \(part.set.name) is taken, \(older) older than set \(newer.set)\(override): "
                + "\(newer.reason)\(more)"
        }
    }

    private static func note(_ component: String, part: BackupSet.Component, set: Timestamp) -> String? {
        if part.shrunk != nil {
            return "\(component): set \(set) holds far less of it than sets before, and no fuller one is left"
        }
        return nil
    }
}
