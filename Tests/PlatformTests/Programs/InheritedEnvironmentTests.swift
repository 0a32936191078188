import Platform
import Testing

@Suite struct InheritedEnvironmentTests {
    @Test func `programs inherit no secrets`() {
        let all = [
            "PATH": "/bin", "HOME": "/root", "LC_ALL": "C", "KUBECONFIG": "/k", "DR_PARAM_X": "1", "AWS_REGION": "eu",
            "DR_RECOVERY_PASSPHRASE": "s", "DR_SIGNING_PASSPHRASE": "s", "AWS_SECRET_ACCESS_KEY": "s",
            "AWS_ACCESS_KEY_ID": "s", "AWS_SESSION_TOKEN": "s", "GRAFANA_PASSWORD": "s",
        ]
        let kept = InheritedEnvironment.selected(from: all, prefixes: ["DR_PARAM_"])
        #expect(kept.keys.sorted() == ["AWS_REGION", "DR_PARAM_X", "HOME", "KUBECONFIG", "LC_ALL", "PATH"])
    }

    /// kubectl finds the cluster of its pod by these.
    @Test(arguments: ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "KUBECONFIG"])
    func `kubectl inherits the variables that name the cluster`(_ name: String) {
        #expect(InheritedEnvironment.selected(from: [name: "x"]) == [name: "x"])
    }
}
