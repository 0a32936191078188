internal import Documents
internal import Foundation

/// The script that builds a container's root in a separate mount namespace and then executes its program.
///
/// The root is a file system in memory with the programs of this machine, read-only, and the container's volumes.
/// The script leaves nothing on this machine: its mounts end with the container.
struct ContainerSetup: Sendable {
    struct Mount: Sendable {
        var source: String
        var target: String
        var isReadOnly: Bool
    }

    var hostname: String
    /// An empty folder of this machine.
    var root: String
    var image: LabImage
    var identity: ContainerIdentity
    var hosts: String
    /// The file that becomes `/dev/termination-log` or the container's own choice of it.
    var terminationLog: (source: String, target: String)
    var mounts: [Mount]
    var workingFolder: String
    var variables: [String: String]
    var command: [String]

    /// The arguments that start the script in its namespaces. It writes "ok" to descriptor 3 before the program starts.
    var arguments: [String] {
        [
            "/usr/bin/unshare", "--mount", "--pid", "--uts", "--fork", "--kill-child=KILL", "/bin/sh", "-c", script,
        ]
    }

    /// The command in a container that exists, as its user.
    func execution(of command: [String], in process: pid_t) -> [String] {
        let script = "cd \(Self.quote(workingFolder)) && exec \(Self.line(invocation(command)))"
        return [
            "/usr/bin/nsenter", "--target", "\(process)", "--mount", "--pid", "--uts", "/bin/sh", "-c", script,
        ]
    }

    private func invocation(_ command: [String]) -> [String] {
        var variables = variables
        let system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        if variables["PATH"] == nil { variables["PATH"] = image.folder == nil ? system : "/image:\(system)" }
        if variables["HOME"] == nil { variables["HOME"] = identity.user == 0 ? "/root" : "/" }
        let settings = variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return identity.setpriv + ["/usr/bin/env", "-i"] + settings + command
    }

    private var script: String {
        let quoted = Self.quote(root)
        var lines = [
            "set -e", "export PATH=/usr/sbin:/usr/bin", "umask 022", "mount --make-rprivate /",
            "echo \(Self.quote(hostname)) > /proc/sys/kernel/hostname",
            "mount -t tmpfs -o mode=755 tmpfs \(quoted)", "cd \(quoted)",
            "mkdir usr opt etc proc dev sys tmp run var var/tmp var/lib var/log root home mnt .old .etc",
            "chmod 1777 tmp var/tmp", "chmod 700 root", "ln -s ../run var/run",
            "for name in bin lib lib64 sbin; do if [ -L /$name ]; then ln -s usr/$name $name; "
                + "elif [ -d /$name ]; then mkdir $name; mount --bind -o ro /$name $name; fi; done",
            "for name in usr opt; do mount --rbind /$name $name; mount -o remount,bind,ro $name; done",
            // Volumes are mounted at folders of /etc that this machine does not have.
            "mount -t tmpfs tmpfs .etc", "mkdir .etc/upper .etc/work",
            "mount -t overlay -o lowerdir=/etc,upperdir=.etc/upper,workdir=.etc/work overlay etc",
            "umount -l .etc", "rmdir .etc",
            "mount -t proc proc proc", "mount --bind /sys sys", "mount -o remount,bind,ro sys",
            "mount -t tmpfs -o mode=755 tmpfs dev",
            "for name in null zero full random urandom tty; do : > dev/$name; mount --bind /dev/$name dev/$name; done",
            "mkdir dev/shm", "chmod 1777 dev/shm",
            "ln -s /proc/self/fd dev/fd", "ln -s fd/0 dev/stdin", "ln -s fd/1 dev/stdout", "ln -s fd/2 dev/stderr",
            "rm -f etc/hosts etc/hostname", ": > etc/hosts", "echo \(Self.quote(hostname)) > etc/hostname",
            "mount --bind \(Self.quote(hosts)) etc/hosts", "mount -o remount,bind,ro etc/hosts",
        ]
        for folder in image.visible { lines += bind(Mount(source: folder, target: folder, isReadOnly: true)) }
        if let folder = image.folder { lines += bind(Mount(source: folder, target: "/image", isReadOnly: true)) }
        for mount in mounts.sorted(by: { $0.target.utf8.count < $1.target.utf8.count }) { lines += bind(mount) }
        lines += bind(Mount(source: terminationLog.source, target: terminationLog.target, isReadOnly: false))
        lines += [
            "mkdir -p .\(Self.quote(workingFolder))", "pivot_root . .old", "cd /", "umount -l /.old", "rmdir /.old",
        ]
        if identity.hasReadOnlyRoot { lines += ["mount -o remount,bind,ro /etc", "mount -o remount,bind,ro /"] }
        lines += [
            "cd \(Self.quote(workingFolder))", "printf ok >&3", "exec 3>&-", "exec \(Self.line(invocation(command)))",
        ]
        return lines.joined(separator: "\n")
    }

    private func bind(_ mount: Mount) -> [String] {
        let source = Self.quote(mount.source), target = "." + Self.quote(mount.target)
        return [
            "if [ -d \(source) ]; then mkdir -p \(target); else mkdir -p \"$(dirname \(target))\"; "
                + "[ -e \(target) ] || : > \(target); fi",
            "mount --bind \(source) \(target)",
        ] + (mount.isReadOnly ? ["mount -o remount,bind,ro \(target)"] : [])
    }

    private static func line(_ words: [String]) -> String { words.map(quote).joined(separator: " ") }

    private static func quote(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
}
