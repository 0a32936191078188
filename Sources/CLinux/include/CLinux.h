#ifndef DR_CLINUX_H
#define DR_CLINUX_H

#include <spawn.h>

// System calls that glibc declares for _GNU_SOURCE only, which Swift's Glibc module does not define.
// Each returns 0 unless it says otherwise, or -1 with the reason in errno.

/// syncfs(2): writes one file system's dirty data to its disk, and reports what could not be written.
int dr_syncfs(int descriptor);

/// sync_file_range(2): starts writing a file's dirty pages without waiting for them.
int dr_start_writeback(int descriptor);

/// renameat2(2) with RENAME_NOREPLACE: fails with EEXIST where `to` exists, with EINVAL where the file system cannot.
/// The names are relative to the directories, which AT_FDCWD may stand for.
int dr_rename_noreplace(int from_directory, const char *_Nonnull from, int to_directory, const char *_Nonnull to);

/// renameat2(2) with RENAME_EXCHANGE: both must exist; afterwards each has the other's name, with no moment between.
/// Fails with EINVAL where the file system cannot.
int dr_rename_exchange(const char *_Nonnull one, const char *_Nonnull other);

/// What statx(2) says of an entry beyond stat(2), as a sum of these.
enum {
    DR_TRAIT_MOUNT_ROOT = 1,        ///< it is where a file system is mounted, a bind mount included
    DR_TRAIT_MOUNT_ROOT_KNOWN = 2,  ///< the kernel tells mount roots (5.8 and later)
    DR_TRAIT_IMMUTABLE = 4,         ///< chattr +i
    DR_TRAIT_APPEND_ONLY = 8,       ///< chattr +a
};

/// The traits of `path` below `directory` (AT_FDCWD: of the working directory); links are not followed. Or -1.
int dr_traits(int directory, const char *_Nonnull path);

/// The `f_type` of the file system that holds `path`, or -1.
long dr_file_system_type(const char *_Nonnull path);

/// O_PATH: a descriptor that shows what an entry is, without opening it.
extern const int dr_path_only;

/// openat2(2): opens or makes `path` below `directory`, through no link and no `..`, in one call.
/// Returns a descriptor, or -1; with ENOSYS on a kernel before 5.6.
int dr_open_below(int directory, const char *_Nonnull path, int flags, unsigned mode);

/// ioctl_ficlone(2): the file `to` gets the content of `from` by sharing its blocks, all at once. Returns 0, or -1 where
/// the file system cannot, or the two are on different ones.
int dr_share_blocks(int from, int to);

/// pipe2(2) with O_CLOEXEC: `ends[0]` is read from, `ends[1]` written to; closed in every other child from birth.
int dr_pipe(int *_Nonnull ends);

/// Passes two open descriptors to the process at the other end of a Unix socket (SCM_RIGHTS).
int dr_send_descriptors(int socket, int first, int second);

/// Takes two descriptors that the other end passed; they are closed in children. -1 if it passed something else.
int dr_receive_descriptors(int socket, int *_Nonnull descriptors);

/// Lets a pipe hold a mebibyte, where the user's share of such pipes allows it: fewer and longer transfers.
void dr_widen_pipe(int descriptor);

/// posix_spawn_file_actions_addchdir_np(3): the child starts in `folder`. Returns 0 or an error number.
int dr_spawn_in(posix_spawn_file_actions_t *_Nonnull actions, const char *_Nonnull folder);

/// posix_spawn_file_actions_addclosefrom_np(3): the child inherits no descriptor from `lowest` on. Returns 0 or an error
/// number.
int dr_spawn_closing(posix_spawn_file_actions_t *_Nonnull actions, int lowest);

/// memfd_create(2) with MFD_CLOEXEC: a file that is nowhere but in memory. Returns its descriptor, or -1.
int dr_memory_file(const char *_Nonnull name);

/// setpriority(2) for all threads of this process; new ones inherit it. Returns 0, or -1 if a thread refused.
int dr_set_niceness(int niceness);

/// ioprio_set(2) for all threads of this process: class 2 is the usual one with levels 0 (first) to 7, class 3 is idle.
/// Returns 0, or -1 if a thread refused.
int dr_set_io_priority(int io_class, int level);

/// Sets PR_SET_DUMPABLE to 0: no core file, and no access for debuggers of the same user.
void dr_hide_memory(void);

/// True (not 0) where SIGHUP was ignored when this program started, as `nohup` has it: the end of the session is not meant
/// for it then.
int dr_started_under_nohup(void);

/// Forks a process that ends process groups when this one has ended, however that came: SIGTERM, and SIGKILL after three
/// seconds. Returns a socket, or -1. Each message to it is one `pid_t`: a group to be ended, or less than 0, one that no
/// longer is. It is gone itself once the socket is closed, as it is with this process.
/// Call it once.
int dr_start_keeper(void);

/// Returns free memory to the system where the C library can (glibc's malloc_trim).
void dr_trim_memory(void);

/// Limits the number of heaps, which otherwise grows with the threads (glibc's M_ARENA_MAX), and keeps blocks of at least
/// `mapped` bytes out of them: each is mapped alone, and returned to the system when it is freed (M_MMAP_THRESHOLD).
void dr_limit_heaps(int count, int mapped);

#endif
