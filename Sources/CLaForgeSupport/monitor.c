#define _GNU_SOURCE
#include "CLaForgeSupport.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

// The process between LaForge and an agent that has a pseudo-terminal. It leads the session that the
// pseudo-terminal controls, so that the agent's process group has its parent in that session: the
// kernel stops no group without one, and Ctrl-Z would do nothing. It never executes anything, so
// only async-signal-safe calls stand in what it runs.

enum { FOREGROUND = 'f', BACKGROUND = 'b', KEEP_RELAYING = 'r', LEAVE = 'l' };

// The first message: the agent's number, or minus errno.
struct started {
  pid_t pid;
};

int laforge_monitor_make_control(int ends[2]) {
  // Messages keep their borders on such a socket, and the end of either side is seen by the other.
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) return -1;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return 0;
}

static void do_nothing(int signal_number) { (void)signal_number; }

pid_t laforge_monitor_begin(const struct laforge_session *session) {
  // So that select(2) is interrupted; all signals are blocked but while it waits.
  struct sigaction noted = {.sa_handler = do_nothing};
  sigaction(SIGCHLD, &noted, NULL);
  setsid();
  ioctl(session->slave, TIOCSCTTY, 0);
  pid_t agent = fork();
  if (agent < 0) return -errno;
  if (agent > 0) {
    setpgid(agent, agent);
    if (session->is_foreground) tcsetpgrp(session->slave, agent);
  }
  return agent;
}

// Keeps nothing open of LaForge's: locks belong to open files, and would outlive it.
static void close_others(const struct laforge_session *session, int control) {
  int limit = (int)sysconf(_SC_OPEN_MAX);
  if (limit < 0 || limit > 4096) limit = 4096;
  for (int i = 0; i < limit; i++) {
    if (i != session->master && i != session->slave && i != session->outer && i != control) close(i);
  }
#ifdef __linux__
  close_range((unsigned)limit, ~0U, 0);
#endif
}

// What was typed and not read, and the modes that the agent left, go with the news of its end.
static void describe_end(const struct laforge_session *session, struct laforge_change *change) {
  // Only the foreground may read; SIGTTOU is blocked, so this may be done from the background.
  tcsetpgrp(session->slave, getpid());
  if (tcgetattr(session->slave, &change->modes) != 0) return;
  struct termios raw = change->modes;
  cfmakeraw(&raw);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  if (tcsetattr(session->slave, TCSANOW, &raw) != 0) return;
  ssize_t count = read(session->slave, change->typed, sizeof change->typed);
  change->typed_count = count > 0 ? (size_t)count : 0;
  tcsetattr(session->slave, TCSANOW, &change->modes);
}

// Copies what processes that the agent left behind go on printing to the caller's terminal, as it
// would get there without LaForge, until none of them has the pseudo-terminal open.
static void relay(const struct laforge_session *session) {
  char buffer[4097];
  bool is_held = false;
  // LaForge must not wait for either; this has nothing else to do.
  fcntl(session->master, F_SETFL, 0);
  fcntl(session->outer, F_SETFL, 0);
  for (;;) {
    ssize_t count = read(session->master, buffer + 1, sizeof buffer - 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    // The caller's terminal is not raw any more.
    struct termios modes;
    if (tcgetattr(session->master, &modes) == 0 && laforge_terminal_adds_returns(&modes)) {
      count = (ssize_t)laforge_terminal_unreturn(buffer, buffer + 1, (size_t)count, &is_held);
    } else {
      memmove(buffer, buffer + 1, (size_t)count);
    }
    for (ssize_t done = 0; done < count;) {
      ssize_t written = write(session->outer, buffer + done, (size_t)(count - done));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return;
      done += written;
    }
  }
}

void laforge_monitor_run(const struct laforge_session *session, pid_t agent, int control) {
  // Read before LaForge can have changed them.
  struct termios before;
  bool has_modes = tcgetattr(session->outer, &before) == 0, is_raw = session->is_foreground;
  struct started started = {.pid = agent};
  send(control, &started, sizeof started, MSG_NOSIGNAL);
  if (agent < 0) _exit(127);
  close_others(session, control);
#ifdef __linux__
  prctl(PR_SET_NAME, "laforge-tty");
#endif
  // It may live on after the run and must not keep a disk from being unmounted.
  if (chdir("/") != 0) _exit(127);
  pid_t resumed = agent;
  sigset_t waiting;
  sigfillset(&waiting);
  sigdelset(&waiting, SIGCHLD);
  for (;;) {
    struct laforge_change change;
    while (laforge_change_take(agent, &change)) {
      if (change.kind == LAFORGE_STOPPED) {
        // It may be a job of the agent's that was in the foreground.
        pid_t foreground = tcgetpgrp(session->slave);
        resumed = foreground > 0 && foreground != getpid() ? foreground : agent;
        is_raw = false;
      }
      bool has_ended = change.kind == LAFORGE_EXITED || change.kind == LAFORGE_SIGNALED;
      if (has_ended) {
        describe_end(session, &change);
        close(session->slave);
      }
      send(control, &change, sizeof change, MSG_NOSIGNAL);
    }
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(control, &readable);
    if (pselect(control + 1, &readable, NULL, NULL, NULL, &waiting) <= 0) continue;
    char command;
    ssize_t count = recv(control, &command, 1, MSG_DONTWAIT);
    if (count < 0) continue;
    // Ending as the leader of the session hangs up what still uses the pseudo-terminal.
    if (count == 0) {
      // LaForge was killed, and the caller's terminal may still be raw.
      if (is_raw && has_modes) tcsetattr(session->outer, TCSANOW, &before);
      _exit(0);
    }
    if (command == LEAVE) _exit(0);
    if (command == KEEP_RELAYING) {
      close(control);
      relay(session);
      _exit(0);
    }
    is_raw = command == FOREGROUND;
    tcsetpgrp(session->slave, is_raw ? resumed : getpid());
    kill(-agent, SIGCONT);
  }
}

int laforge_monitor_await(struct laforge_agent *agent) {
  struct started started = {.pid = -ECHILD};
  ssize_t count;
  do {
    count = recv(agent->control, &started, sizeof started, 0);
  } while (count < 0 && errno == EINTR);
  if (started.pid > 0) {
    agent->pid = started.pid;
    return 0;
  }
  laforge_agent_abandon(agent);
  return -started.pid;
}

bool laforge_monitor_receive(struct laforge_agent *agent, struct laforge_change *change) {
  ssize_t count = recv(agent->control, change, sizeof *change, MSG_DONTWAIT);
  if (count == sizeof *change) return true;
  if (count < 0) return false;
  // Somebody killed the monitor, which hung the agent up.
  *change = (struct laforge_change){.kind = LAFORGE_SIGNALED, .value = SIGHUP};
  kill(-agent->pid, SIGKILL);
  return true;
}

void laforge_agent_resume(const struct laforge_agent *agent, bool is_foreground) {
  if (agent->control < 0) {
    kill(-agent->pid, SIGCONT);
    return;
  }
  char command = is_foreground ? FOREGROUND : BACKGROUND;
  send(agent->control, &command, 1, MSG_NOSIGNAL);
}

void laforge_agent_leave(struct laforge_agent *agent, bool keeps_relaying) {
  if (agent->control < 0) return;
  char command = keeps_relaying ? KEEP_RELAYING : LEAVE;
  send(agent->control, &command, 1, MSG_NOSIGNAL);
  close(agent->control);
  agent->control = -1;
  if (keeps_relaying) return;
  while (waitpid(agent->monitor, NULL, 0) < 0 && errno == EINTR) {
  }
}
