#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// In C, since a process that is forked from one with threads may call nothing that could wait for one of these.

enum { most_groups = 1024, polls = 60, milliseconds = 50 };

static void note(pid_t word, pid_t *groups, int *count) {
    if (word > 0 && *count < most_groups) groups[(*count)++] = word;
    for (int i = 0; word < 0 && i < *count; i++) {
        if (groups[i] == -word) {
            groups[i] = groups[--*count];
            return;
        }
    }
}

static void end(const pid_t *groups, int count) {
    for (int i = 0; i < count; i++) kill(-groups[i], SIGTERM);
    for (int round = 0; round < polls; round++) {
        int left = 0;
        for (int i = 0; i < count; i++) left += kill(-groups[i], 0) == 0;
        if (!left) return;
        poll(0, 0, milliseconds);
    }
    for (int i = 0; i < count; i++) kill(-groups[i], SIGKILL);
}

static void keep(int words) {
    pid_t groups[most_groups];
    int count = 0;
    for (;;) {
        pid_t word;
        ssize_t size = read(words, &word, sizeof word);
        if (size < 0 && errno == EINTR) continue;
        if (size != sizeof word) break;
        note(word, groups, &count);
    }
    end(groups, count);
}

static struct {
    pid_t id;
    int socket;
} keeper;

// Not every container has a first process that buries the dead of others. With nothing left to end it is gone at once.
static void dismiss(void) {
    close(keeper.socket);
    for (int round = 0; round < polls && waitpid(keeper.id, 0, WNOHANG) == 0; round++) poll(0, 0, 1);
}

int dr_start_keeper(void) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    pid_t id = fork();
    if (id == 0) {
        // Whoever ends all that belongs to a terminal or a service means the programs too, and tells them itself.
        int deaf[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
        for (unsigned i = 0; i < sizeof deaf / sizeof *deaf; i++) signal(deaf[i], SIG_IGN);
        setsid();
        prctl(PR_SET_NAME, "dr-keeper");
        // Nothing else may be held: neither the other end, nor locks, nor pipes that somebody waits for the end of.
        dup2(ends[0], 0);
        if (syscall(SYS_close_range, 1u, ~0u, 0u) != 0) {
            for (int descriptor = 1; descriptor < 65536; descriptor++) close(descriptor);
        }
        keep(0);
        _exit(0);
    }
    close(ends[0]);
    if (id < 0) {
        close(ends[1]);
        return -1;
    }
    keeper.id = id;
    keeper.socket = ends[1];
    atexit(dismiss);
    return ends[1];
}
