/// The checks of the kinds and of the stack as a whole, by name. Plans and the command line use these names.
package struct CheckRegistry: Sendable {
    private struct Entry: Sendable {
        var name: String
        var roles: Set<CheckRole>
        /// The missing object if the entry makes no check.
        var subject: String
        var make: @Sendable (CheckedStack) -> [any RecoveryCheck]
    }

    private let entries: [Entry]
    /// Names for several checks.
    package let aliases = ["sla": ServiceLevel.Objective.allCases.map(\.checkName)]

    package init(_ kinds: [any ComponentKind.Type]) {
        let ofKinds = kinds.flatMap { Self.entries(of: $0) }
        entries = ofKinds + Self.ofTheStack + [Self.restoredData(ofKinds.filter { $0.roles.contains(.proof) })]
    }

    /// All names of checks, including aliases.
    package var names: [String] { entries.map(\.name) + aliases.keys.sorted() }

    /// The built-in profiles.
    package var profiles: [String: [String]] { ["full": entries.map(\.name), "quick": names(of: .quick)] }

    /// The names of all checks that have a role.
    package func names(of role: CheckRole) -> [String] { entries.filter { $0.roles.contains(role) }.map(\.name) }

    /// The names of a kind's checks that have a role.
    package static func names<Kind: ComponentKind>(of role: CheckRole, offeredBy kind: Kind.Type) -> [String] {
        kind.checks.filter { $0.roles.contains(role) }.map(\.name)
    }

    /// The checks with these names, each once, in the order of the names. A name without an object to check gives one
    /// skipped check with the reason; an unknown name gives one that fails.
    package func checks(_ names: [String], of stack: CheckedStack) -> [any RecoveryCheck] {
        var seen: Set<String> = []
        return names.flatMap { aliases[$0] ?? [$0] }.filter { seen.insert($0).inserted }.flatMap {
            name -> [any RecoveryCheck] in
            guard let entry = entries.first(where: { $0.name == name }) else {
                return [FixedCheck(name, .failed("-", "there is no check with this name"))]
            }
            let made = entry.make(stack)
            return made.isEmpty ? [FixedCheck(name, .skipped("there is no \(entry.subject)"))] : made
        }
    }

    // MARK: Making checks

    /// One check for each component of the kind; a check that cannot be made has failed.
    private static func entries<Kind: ComponentKind>(of kind: Kind.Type) -> [Entry] {
        kind.checks.map { offered in
            Entry(name: offered.name, roles: offered.roles, subject: "component of kind \(kind.name)") { stack in
                stack.components.compactMap { component in
                    guard let settings = component.settings as? Kind else { return nil }
                    do {
                        return try offered.make(settings, component)
                    } catch {
                        return FixedCheck(offered.name, component: component.name, .failed("-", "\(error)"))
                    }
                }
            }
        }
    }

    private static func restoredData(_ proofs: [Entry]) -> Entry {
        Entry(name: RestoredData.checkName, roles: [], subject: "set to compare with; add --at SET") { stack in
            stack.set == nil ? [] : [RestoredData(stack, proofs: proofs.flatMap { $0.make(stack) })]
        }
    }

    private static let ofTheStack: [Entry] =
        [
            Entry(
                name: "endpoints", roles: [.quick, .health, .live], subject: "endpoint under 'checks: endpoints:'"
            ) { stack in stack.endpoints.map(EndpointCheck.init) }
        ]
        + ServiceLevel.Objective.allCases.map { objective in
            Entry(name: objective.checkName, roles: [.live], subject: "service level under 'checks: sla:'") { stack in
                stack.serviceLevel.map { [ServiceLevelCheck(objective, $0)] } ?? []
            }
        } + [
            Entry(
                name: DataEquality.checkName, roles: [.content], subject: "set to compare with; add --at SET"
            ) { stack in stack.set == nil ? [] : [DataEquality(stack)] },
            Entry(
                name: CanariesRestored.checkName, roles: [.content], subject: "set to compare with; add --at SET"
            ) { stack in stack.set == nil ? [] : [CanariesRestored(stack)] },
        ]
}
