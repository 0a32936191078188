internal import Documents
internal import Foundation

/// Jobs: https://kubernetes.io/docs/concepts/workloads/controllers/job/
extension KubernetesCluster {
    mutating func settleJobs() {
        for (key, job) in all(.jobs) where !job.isTerminating && hasSettled(job) {
            if let ended = Self.endOf(job) { expire(key, job, ended) } else { settle(key, job) }
        }
    }

    private static func endOf(_ job: JSONValue) -> String? {
        (job["status"]?["conditions"]?.array ?? []).first {
            ["Complete", "Failed"].contains($0["type"]?.text) && $0["status"]?.text == "True"
        }?["type"]?.text
    }

    private mutating func expire(_ key: Key, _ job: JSONValue, _ end: String) {
        guard let limit = job["spec"]?["ttlSecondsAfterFinished"]?.integer else { return }
        let timer = "ttl/\(job.uid)"
        guard limit <= 0 || timers.hasPassed(.seconds(limit), since: timer) else { return }
        delete(key, policy: "Background")
    }

    private mutating func settle(_ key: Key, _ job: JSONValue) {
        let isSuspended = job["spec"]?["suspend"]?.bool == true
        let pods = dependents(of: job, .pods)
        jobPods[job.uid, default: JobPods()].look(at: pods.map(\.value))
        let counted = jobPods[job.uid, default: JobPods()]
        let active = pods.filter { pod in
            !pod.value.isTerminating && !["Succeeded", "Failed"].contains(pod.value["status"]?["phase"]?.text)
        }
        let completions = job["spec"]?["completions"]?.integer ?? 1
        let parallelism = job["spec"]?["parallelism"]?.integer ?? 1
        let isIndexed = job["spec"]?["completionMode"]?.text == "Indexed"
        let completed = counted.completedIndexes
        let failedIndexes =
            job["spec"]?["backoffLimitPerIndex"]?.integer.map(counted.failedIndexes) ?? []
        let done = isIndexed ? completed.count : counted.succeeded
        var status = job["status"] ?? [:]
        if status["startTime"] == nil, !isSuspended { status["startTime"] = .now }
        status["active"] = JSONValue(active.count)
        status["ready"] = JSONValue(active.filter { Self.isReady($0.value) }.count)
        status["succeeded"] = done == 0 ? JSONValue?.none : JSONValue(done)
        status["failed"] = counted.failed == 0 ? JSONValue?.none : JSONValue(counted.failed)
        if isIndexed { status["completedIndexes"] = .string(JobPods.text(completed)) }
        if job["spec"]?["backoffLimitPerIndex"] != nil {
            status["failedIndexes"] = .string(JobPods.text(failedIndexes))
        }
        if let reason = failure(job, failed: counted.failed, failedIndexes: failedIndexes.count, done: done) {
            for (pod, _) in active { delete(pod) }
            status["active"] = nil
            status["conditions"] = [
                condition("FailureTarget", reason.reason, reason.message),
                condition("Failed", reason.reason, reason.message),
            ]
            event(key, reason: reason.reason, reason.message, from: "job-controller")
            return putStatus(key, status)
        }
        if done >= completions {
            status["completionTime"] = .now
            status["active"] = nil
            status["conditions"] = [
                condition("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods"),
                condition("Complete", "CompletionsReached", "Reached expected number of succeeded pods"),
            ]
            event(key, reason: "Completed", "Job completed", isWarning: false, from: "job-controller")
            return putStatus(key, status)
        }
        if isSuspended {
            for (pod, _) in active {
                delete(pod)
                jobPods[job.uid]?.ignore(pod.name)
            }
            status["conditions"] = [condition("Suspended", "JobSuspended", "Job suspended")]
        } else {
            status["conditions"] = nil
            let taken = completed.union(failedIndexes).union(active.compactMap { JobPods.index(of: $0.value) })
            var free = (0..<completions).filter { !taken.contains($0) }[...]
            let left = completions - done - failedIndexes.count
            for _ in 0..<max(0, min(parallelism, left) - active.count) {
                let index = isIndexed ? free.popFirst() : nil
                guard index != nil || !isIndexed, createPod(of: key, job, index: index) else { break }
            }
        }
        putStatus(key, status)
    }

    private func condition(_ type: String, _ reason: String, _ message: String) -> JSONValue {
        ["type": .string(type), "status": "True", "reason": .string(reason), "message": .string(message)]
    }

    private mutating func failure(
        _ job: JSONValue, failed: Int, failedIndexes: Int, done: Int
    ) -> (reason: String, message: String)? {
        if failed > job["spec"]?["backoffLimit"]?.integer ?? 6 {
            return ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        }
        if let most = job["spec"]?["maxFailedIndexes"]?.integer, failedIndexes > most {
            return ("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes")
        }
        if failedIndexes > 0, done + failedIndexes >= job["spec"]?["completions"]?.integer ?? 1 {
            return ("FailedIndexes", "Job has failed indexes")
        }
        guard let limit = job["spec"]?["activeDeadlineSeconds"]?.integer, job["spec"]?["suspend"]?.bool != true,
            timers.hasPassed(.seconds(limit), since: "deadline/\(job.uid)")
        else { return nil }
        return ("DeadlineExceeded", "Job was active longer than specified deadline")
    }

    private mutating func createPod(of key: Key, _ job: JSONValue, index: Int?) -> Bool {
        var pod = pod(from: job["spec"]?["template"], of: key, job)
        var name = "\(key.name)-"
        if let index {
            name += "\(index)-"
            let number: JSONValue = .string("\(index)")
            let label = "batch.kubernetes.io/job-completion-index"
            pod = pod.setting(
                (pod["metadata"]?["annotations"] ?? [:]).adding([label: number]), at: "/metadata/annotations")
            pod = pod.setting(pod.labels.adding([label: number]), at: "/metadata/labels")
            for list in ["containers", "initContainers"] {
                guard let containers = pod["spec"]?[list]?.array else { continue }
                pod["spec"]?[list] = .array(
                    containers.map { container in
                        let variable: JSONValue = ["name": "JOB_COMPLETION_INDEX", "value": number]
                        return container.adding(["env": .array((container["env"]?.array ?? []) + [variable])])
                    })
            }
        }
        let podKey = Key(resource: .pods, namespace: key.namespace, name: name + Self.suffix())
        guard let complaint = createDependent(podKey, pod) else {
            jobPods[job.uid, default: JobPods()].created(podKey.name, index: index)
            event(
                key, reason: "SuccessfulCreate", "Created pod: \(podKey.name)", isWarning: false,
                from: "job-controller")
            return true
        }
        event(key, reason: "FailedCreate", "Error creating: \(complaint)", from: "job-controller")
        return false
    }
}
