#define _GNU_SOURCE
#include <sys/resource.h>
#include <stdlib.h>
#include <errno.h>
#include <dirent.h>
#include "CLinux.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

int dr_syncfs(int descriptor) { return syncfs(descriptor); }

int dr_start_writeback(int descriptor) { return sync_file_range(descriptor, 0, 0, SYNC_FILE_RANGE_WRITE); }

int dr_rename_noreplace(int from_directory, const char *from, int to_directory, const char *to) {
    return renameat2(from_directory, from, to_directory, to, RENAME_NOREPLACE);
}

int dr_rename_exchange(const char *one, const char *other) {
    return renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
}

int dr_traits(int directory, const char *path) {
    struct statx found;
    if (statx(directory, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &found) != 0) return -1;
    int traits = 0;
    if (found.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) traits |= DR_TRAIT_MOUNT_ROOT_KNOWN;
    if (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) traits |= DR_TRAIT_MOUNT_ROOT;
    if (found.stx_attributes & STATX_ATTR_IMMUTABLE) traits |= DR_TRAIT_IMMUTABLE;
    if (found.stx_attributes & STATX_ATTR_APPEND) traits |= DR_TRAIT_APPEND_ONLY;
    return traits;
}

long dr_file_system_type(const char *path) {
    struct statfs found;
    return statfs(path, &found) == 0 ? (long)found.f_type : -1;
}

const int dr_path_only = O_PATH;

int dr_open_below(int directory, const char *path, int flags, unsigned mode) {
    struct open_how how = {
        .flags = (unsigned)flags | O_CLOEXEC,
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int dr_share_blocks(int from, int to) { return ioctl(to, FICLONE, from); }

int dr_pipe(int *ends) { return pipe2(ends, O_CLOEXEC); }

// A message of one byte that carries two descriptors.
struct descriptor_message {
    struct msghdr header;
    struct iovec content;
    char byte;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(2 * sizeof(int))];
    } control;
};

static void prepare(struct descriptor_message *message) {
    memset(message, 0, sizeof *message);
    message->content = (struct iovec){&message->byte, 1};
    message->header.msg_iov = &message->content;
    message->header.msg_iovlen = 1;
    message->header.msg_control = message->control.space;
    message->header.msg_controllen = sizeof message->control.space;
}

int dr_send_descriptors(int socket, int first, int second) {
    struct descriptor_message message;
    prepare(&message);
    struct cmsghdr *control = CMSG_FIRSTHDR(&message.header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(2 * sizeof(int));
    int descriptors[2] = {first, second};
    memcpy(CMSG_DATA(control), descriptors, sizeof descriptors);
    return sendmsg(socket, &message.header, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int dr_receive_descriptors(int socket, int *descriptors) {
    struct descriptor_message message;
    prepare(&message);
    if (recvmsg(socket, &message.header, MSG_CMSG_CLOEXEC) != 1) return -1;
    struct cmsghdr *control = CMSG_FIRSTHDR(&message.header);
    if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) return -1;
    size_t size = control->cmsg_len - CMSG_LEN(0);
    memcpy(descriptors, CMSG_DATA(control), size);
    if (size == 2 * sizeof(int) && !(message.header.msg_flags & MSG_CTRUNC)) return 0;
    for (size_t i = 0; i < size / sizeof(int); i++) close(descriptors[i]);
    return -1;
}

void dr_widen_pipe(int descriptor) { fcntl(descriptor, F_SETPIPE_SZ, 1 << 20); }

int dr_spawn_in(posix_spawn_file_actions_t *actions, const char *folder) {
    return posix_spawn_file_actions_addchdir_np(actions, folder);
}

int dr_spawn_closing(posix_spawn_file_actions_t *actions, int lowest) {
    return posix_spawn_file_actions_addclosefrom_np(actions, lowest);
}

int dr_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

static int ignored_hangup;

// Before anything of the program can change it.
__attribute__((constructor)) static void look_at_hangup(void) {
    struct sigaction action;
    ignored_hangup = sigaction(SIGHUP, 0, &action) == 0 && action.sa_handler == SIG_IGN;
}

int dr_started_under_nohup(void) { return ignored_hangup; }

// Priorities belong to threads, and many exist before the configuration is read.
static int for_each_thread(int (*set)(pid_t thread, int one, int two), int one, int two) {
    DIR *threads = opendir("/proc/self/task");
    if (!threads) return set(0, one, two);
    int result = 0;
    struct dirent *entry;
    while ((entry = readdir(threads))) {
        pid_t thread = (pid_t)strtol(entry->d_name, 0, 10);
        // One that ended meanwhile needs no priority.
        if (thread > 0 && set(thread, one, two) != 0 && errno != ESRCH) result = -1;
    }
    closedir(threads);
    return result;
}

static int set_niceness(pid_t thread, int niceness, int unused) {
    (void)unused;
    return setpriority(PRIO_PROCESS, (id_t)thread, niceness);
}

int dr_set_niceness(int niceness) { return for_each_thread(set_niceness, niceness, 0); }

static int set_io_priority(pid_t thread, int io_class, int level) {
    return (int)syscall(SYS_ioprio_set, 1, thread, io_class << 13 | level);
}

int dr_set_io_priority(int io_class, int level) { return for_each_thread(set_io_priority, io_class, level); }

void dr_hide_memory(void) { prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

#ifdef __GLIBC__
#include <malloc.h>

void dr_trim_memory(void) { malloc_trim(0); }
void dr_limit_heaps(int count, int mapped) {
    mallopt(M_ARENA_MAX, count);
    // Fixed: without this, each large block that is freed raises the threshold, up to 32 MiB.
    mallopt(M_MMAP_THRESHOLD, mapped);
    mallopt(M_TRIM_THRESHOLD, 4 * mapped);
}
#else
void dr_trim_memory(void) {}
void dr_limit_heaps(int count, int mapped) {
    (void)count;
    (void)mapped;
}
#endif
