/// The restores of a plan, and the steps that thaw their archived packs first.
extension Plan {
    /// A step that restores a component or a part of it.
    package struct RestoreStep: Sendable {
        /// The id of the step.
        package var step: String
        package var action: RestoreAction
    }

    package var restoreSteps: [RestoreStep] {
        steps.compactMap { step in
            (step.action?.action as? RestoreAction).map { RestoreStep(step: step.id, action: $0) }
        }
    }

    /// The restores that no earlier step thaws.
    package var unthawedRestores: [RestoreStep] {
        let graph = StepGraph(steps)
        return restoreSteps.filter { restore in
            !thaws(of: restore.action.component).contains { graph.dependents(of: $0).contains(restore.step) }
        }
    }

    /// The components that are thawed before each of their restores.
    package var thawedComponents: Set<String> {
        Set(restoreSteps.map(\.action.component)).subtracting(unthawedRestores.map(\.action.component))
    }

    /// True if a step thaws packs.
    package var hasThaws: Bool { steps.contains { $0.action?.action is ThawAction } }

    /// The ids of the steps that thaw a component.
    private func thaws(of component: String) -> [String] {
        steps.compactMap { step in
            guard let thaw = step.action?.action as? ThawAction else { return nil }
            let names = thaw.request.components
            return names.isEmpty || names.contains(component) ? step.id : nil
        }
    }

    /// For restores of these components: the steps that thaw them, and that the restores should need; one line for each.
    package func lackingNeeds(of components: Set<String>) -> [String] {
        let graph = StepGraph(steps)
        return unthawedRestores.filter { components.contains($0.action.component) }.flatMap { restore in
            let component = restore.action.component
            // A thaw that follows the restore cannot come before it.
            return thaws(of: component).filter { !graph.dependents(of: restore.step).contains($0) }.map {
                "step '\($0)' thaws \(component), but step '\(restore.step)' does not need it: add `needs: [\($0)]`"
            }
        }
    }
}
