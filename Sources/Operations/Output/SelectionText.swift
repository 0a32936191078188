package import BackupRepository
import Platform

/// The selected and the skipped sets as text.
package enum SelectionText {
    /// Warns of sets that were skipped for all components.
    /// - Parameter copy: the name of the copy in dr.yaml that has them; nil for the first store.
    package static func tell(
        _ passedOver: [RestoreSelection.PassedOver], _ output: Output, inCopy copy: String?
    ) {
        for line in lines(passedOver, inCopy: copy) { output.warn(line) }
    }

    /// Warns of components that do not come from the newest set.
    package static func tell(_ selection: RestoreSelection, _ output: Output, inCopy copy: String?) {
        for line in remarks(selection, inCopy: copy) { output.warn(line) }
    }

    /// The warnings about the sets that were skipped, and about components that do not come from the newest set.
    static func remarks(_ selection: RestoreSelection, inCopy copy: String?) -> [String] {
        lines(selection.passedOver, inCopy: copy) + lines(selection)
    }

    private static func lines(_ passedOver: [RestoreSelection.PassedOver], inCopy copy: String?) -> [String] {
        let (future, unreadable) = (
            passedOver.filter { $0.kind == .future }, passedOver.filter { $0.kind != .future }
        )
        var lines = unreadable.prefix(most).map { set in
            let override = set.kind == .imported ? " (to use it: --at \(set.set))" : ""
            return "skipping set \(set.set)\(override): \(set.reason)"
        }
        if unreadable.count > most { lines.append("\(unreadable.count - most) more sets are skipped") }
        if let last = lines.indices.last, unreadable.contains(where: { $0.kind == .unreadable }) {
            lines[last] +=
                "\nhint: `\(StoreCommand.text("repair", inCopy: copy))` puts the document of a set back if "
                + "\(copy == nil ? "a copy of the store" : "another store") has it whole"
        }
        if let first = future.first { lines.append(Self.future(first, of: future.count, inCopy: copy)) }
        return lines
    }

    private static let most = 5

    private static func future(
        _ first: RestoreSelection.PassedOver, of count: Int, inCopy copy: String?
    ) -> String {
        let drop = DropAdvice.command(for: first.set, inCopy: copy, reason: "wrong clock")
        let more = count > 1 ? ", and \(count - 1) more" : ""
        return "skipping set \(first.set): \(first.reason)\(more)\nhint: if this machine's clock is right, run "
            + "`\(drop)`; otherwise set the clock"
    }

    /// One line for each component that is not whole in the newest set.
    package static func lines(_ selection: RestoreSelection) -> [String] {
        selection.parts.sorted { $0.key < $1.key }.compactMap { component, part in
            // A reason to act comes before an imported set, which is skipped in any case.
            guard let newer = part.passedOver.first(where: { $0.kind != .imported }) ?? part.passedOver.first else {
                return part.set.components[component].flatMap { note(component, part: $0, set: part.set.name) }
            }
            let older = Units.duration(seconds: newer.set.seconds - part.set.name.seconds)
            let more = part.passedOver.count > 1 ? "; \(part.passedOver.count - 1) more sets are skipped" : ""
            let isUsable = [.partial, .shrunk, .empty, .imported].contains(newer.kind)
            let override = isUsable ? " (to use that set: --at \(newer.set))" : ""
            return "\(component): using set \(part.set.name), \(older) older than set \(newer.set)\(override): "
                + "\(newer.reason)\(more)"
        }
    }

    private static func note(_ component: String, part: BackupSet.Component, set: Timestamp) -> String? {
        if part.shrunk != nil {
            return "\(component): set \(set) holds far less data than earlier sets, and no larger set exists any more"
        }
        return nil
    }
}
