internal import Documents

/// The user, groups and capabilities of a container, from the security contexts of the pod and the container.
struct ContainerIdentity: Sendable {
    var user: Int
    var group: Int
    var groups: [Int]
    var gainsNoPrivileges: Bool
    var dropped: [String]
    var added: [String]
    var hasReadOnlyRoot: Bool

    /// - Throws: `NotReady` if the container must not run as root but would.
    init(_ container: JSONValue, of pod: PodObject, image: LabImage) throws(NotReady) {
        let own = container["securityContext"] ?? [:], shared = pod.securityContext
        func number(_ key: String) -> Int? { own[key]?.integer ?? shared[key]?.integer }
        user = number("runAsUser") ?? Int(image.user)
        group = number("runAsGroup") ?? Int(image.group)
        let supplemental = (shared["supplementalGroups"]?.array ?? []).compactMap(\.integer)
        groups = Array(Set(supplemental + [shared["fsGroup"]?.integer].compactMap { $0 })).sorted()
        gainsNoPrivileges = own["allowPrivilegeEscalation"]?.bool == false
        dropped = (own["capabilities"]?["drop"]?.array ?? []).compactMap { $0.text?.lowercased() }
        added = (own["capabilities"]?["add"]?.array ?? []).compactMap { $0.text?.lowercased() }
        hasReadOnlyRoot = own["readOnlyRootFilesystem"]?.bool == true
        let isRootForbidden = (own["runAsNonRoot"] ?? shared["runAsNonRoot"])?.bool == true
        if isRootForbidden, user == 0 {
            throw NotReady(
                event: "Failed", reason: "CreateContainerConfigError",
                message: "container has runAsNonRoot and image will run as root (pod: "
                    + "\"\(pod.name)_\(pod.namespace)(\(pod.uid))\", container: \(container["name"]?.text ?? ""))")
        }
    }

    /// The command that runs another one as this identity.
    var setpriv: [String] {
        let groups = groups.isEmpty ? "--clear-groups" : "--groups=" + groups.map(String.init).joined(separator: ",")
        let kept = dropped.contains("all") ? [] : Self.usual.filter { !dropped.contains($0) }
        let bounding = (["-all"] + (kept + added).map { "+\($0)" }).joined(separator: ",")
        return [
            "/usr/bin/setpriv", "--pdeathsig", "KILL", "--reuid=\(user)", "--regid=\(group)", groups, "--inh-caps=-all",
            "--bounding-set=\(bounding)",
        ] + (gainsNoPrivileges ? ["--no-new-privs"] : [])
    }

    /// The capabilities that container runtimes leave to root.
    private static let usual = [
        "chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "net_bind_service",
        "net_raw", "sys_chroot", "mknod", "audit_write", "setfcap",
    ]
}
