/// The service accounts of dr's jobs, and their permissions.
struct AccessManifests {
    let style: ManifestStyle

    static let accounts = ["backup", "verify", "drill", "restore"]

    var serviceAccounts: String {
        Self.accounts.map(account).joined(separator: "\n---\n")
    }

    func account(_ job: String) -> String {
        """
        apiVersion: v1
        kind: ServiceAccount
        metadata:
          name: dr-\(job)
          namespace: \(style.namespace)
          labels: {app.kubernetes.io/name: dr, app.kubernetes.io/component: \(job)}
        # Pods that need the token ask for it.
        automountServiceAccountToken: false
        """
    }

    /// The Roles of the backup, one in each namespace of the stack.
    var backup: String {
        let settings = style.settings
        let rules = ManifestStyle.lines([
            Self.rules(AccessRules.backup),
            style.when(settings.usesSnapshots, "$.Values.backup.snapshots", lines: Self.rules(AccessRules.snapshots)),
            style.when(settings.readsObjects, "$.Values.backup.objects", lines: Self.rules(AccessRules.objects)),
        ])
        let roles = style.each(settings.workloads, "$.Values.workloadNamespaces") { namespace in
            """
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata:
              name: \(style.outerName("backup"))
              namespace: \(namespace)
              labels: {app.kubernetes.io/name: dr, app.kubernetes.io/component: backup}
            rules:
            \(rules)
            ---
            \(binding("RoleBinding", to: "Role", of: "backup", in: namespace))
            """
        }
        return ManifestStyle.lines([
            clusterRole(
                "backup",
                ManifestStyle.lines([
                    Self.rules(AccessRules.backupOfCluster),
                    style.when(
                        settings.readsObjects, "$.Values.backup.objects",
                        lines: Self.rules(AccessRules.objectsOfCluster)),
                ])), roles, backupPolicy,
        ])
    }

    var restore: String {
        let objects = style.when(
            style.settings.readsObjects, "$.Values.backup.objects", lines: Self.rules(AccessRules.restoreOfObjects))
        let access = style.when(
            style.settings.restoresAccess, "$.Values.restore.escalate", lines: Self.rules(AccessRules.restoreOfAccess))
        return clusterRole(
            "restore",
            ManifestStyle.lines([
                "# In namespaces.", Self.rules(AccessRules.restore), objects, "# Outside of namespaces.",
                Self.rules(AccessRules.restoreOfCluster), access,
            ]),
            note: """
                # A ClusterRoleBinding, because a RoleBinding would be deleted with the namespace that a recovery rebuilds. Only
                # the suspended CronJob dr-restore uses this account. A user who may create pods in dr's namespace can use it too.
                """)
    }

    /// The permissions of drills, and the policy that confines them.
    var drill: String {
        let policy = policy(
            "drill",
            about:
                "# Permissions cannot name namespaces by a pattern, an admission policy can. Kubernetes 1.30 or later.",
            """
            operations: [CREATE, UPDATE, DELETE, CONNECT]
            resources: ["*/*"]
            """,
            validation: """
                - expression: >-
                    request.resource.group == "" && request.resource.resource == "namespaces"
                    ? request.name.startsWith("dr-drill-")
                    : has(request.namespace) && request.namespace.startsWith("dr-drill-")
                  message: drills change namespaces whose names begin with dr-drill- only
                """)
        return clusterRole("drill", Self.rules(AccessRules.drill)) + "\n" + policy
    }

    private var backupPolicy: String {
        policy(
            "backup",
            about: """
                # Permissions cannot name objects by their labels, an admission policy can: a backup creates and deletes nothing
                # but what is labelled as dr's. Kubernetes 1.30 or later.
                """,
            """
            operations: [CREATE, DELETE]
            resources: [pods, jobs, persistentvolumeclaims, volumesnapshots]
            """,
            validation: """
                - expression: >-
                    has(variables.subject.metadata.labels)
                    && "app.kubernetes.io/managed-by" in variables.subject.metadata.labels
                    && variables.subject.metadata.labels["app.kubernetes.io/managed-by"] == "dr"
                  message: backups create and delete objects with the label app.kubernetes.io/managed-by=dr only
                """,
            variables: """
                variables:
                - {name: subject, expression: 'request.operation == "DELETE" ? oldObject : object'}
                """)
    }

    /// An admission policy for a service account, and its binding.
    private func policy(
        _ job: String, about: String, _ rule: String, validation: String, variables: String? = nil
    ) -> String {
        let namespace = style.isChart ? "{{ $.Release.Namespace }}" : style.settings.namespace
        let labels = "labels: {app.kubernetes.io/name: dr, app.kubernetes.io/component: \(job)}"
        return ManifestStyle.lines([
            "---", about,
            """
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicy
            metadata:
              name: \(style.outerName(job))
              \(labels)
            spec:
              failurePolicy: Fail
              matchConstraints:
                resourceRules:
                - apiGroups: ["*"]
                  apiVersions: ["*"]
            \(rule.indented(by: 6))
              matchConditions:
              - name: by-\(job)
                expression: request.userInfo.username == "system:serviceaccount:\(namespace):dr-\(job)"
              # A question about its permissions changes nothing.
              - name: not-access-review
                expression: request.resource.group != "authorization.k8s.io"
            """,
            variables?.indented(by: 2),
            """
              validations:
            \(validation.indented(by: 2))
            ---
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicyBinding
            metadata:
              name: \(style.outerName(job))
              \(labels)
            spec:
              policyName: \(style.outerName(job))
              validationActions: [Deny]
            """,
        ])
    }

    private func clusterRole(_ job: String, _ rules: String, note: String? = nil) -> String {
        ManifestStyle.lines([
            """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata:
              name: \(style.outerName(job))
              labels: {app.kubernetes.io/name: dr, app.kubernetes.io/component: \(job)}
            rules:
            \(rules)
            ---
            """,
            note, binding("ClusterRoleBinding", to: "ClusterRole", of: job, in: nil),
        ])
    }

    private func binding(_ kind: String, to role: String, of job: String, in namespace: String?) -> String {
        ManifestStyle.lines([
            """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: \(kind)
            metadata:
              name: \(style.outerName(job))
            """,
            namespace.map { "  namespace: \($0)" },
            """
              labels: {app.kubernetes.io/name: dr, app.kubernetes.io/component: \(job)}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: \(role), name: \(style.outerName(job))}
            subjects:
            - {kind: ServiceAccount, name: dr-\(job), namespace: \(style.namespace)}
            """,
        ])
    }

    private static func rules(_ rules: [AccessRule]) -> String { rules.map(\.manifest).joined(separator: "\n") }
}
