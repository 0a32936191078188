extension Plan {
    /// Returns the environment variables that dr adds for a step's programs: `DR_RUN`, `DR_SET`, `DR_SCENARIO`,
    /// `DR_STACK`, and each parameter as `DR_PARAM_NAME`; a list as JSON.
    package func variables(of run: RunIdentity) -> [String: String] {
        var variables = ["DR_RUN": run.id, "DR_SET": run.set, "DR_SCENARIO": run.scenario, "DR_STACK": run.stack]
        for (name, value) in parameters { variables["DR_PARAM_\(name.uppercased())"] = value }
        return variables
    }
}
