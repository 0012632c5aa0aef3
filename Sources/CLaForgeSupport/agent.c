#define _GNU_SOURCE
#include "CLaForgeSupport.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

extern char **environ;

static int make_pipe(int ends[2]) {
#ifdef __linux__
  return pipe2(ends, O_CLOEXEC);
#else
  if (pipe(ends) != 0) return -1;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return 0;
#endif
}

static ssize_t read_fully(int descriptor, void *buffer, size_t size) {
  size_t done = 0;
  while (done < size) {
    ssize_t count = read(descriptor, (char *)buffer + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += (size_t)count;
  }
  return (ssize_t)done;
}

static void write_fully(int descriptor, const void *buffer, size_t size) {
  size_t done = 0;
  while (done < size) {
    ssize_t count = write(descriptor, (const char *)buffer + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    done += (size_t)count;
  }
}

// dup2 for three descriptors at once: a source may itself be 0, 1 or 2, so all are first moved out
// of the way.
static int place_descriptors(const int wanted[3]) {
  int moved[3];
  for (int i = 0; i < 3; i++) {
    moved[i] = wanted[i] < 0 ? -1 : fcntl(wanted[i], F_DUPFD_CLOEXEC, 3);
    if (wanted[i] >= 0 && moved[i] < 0) return -1;
  }
  for (int i = 0; i < 3; i++) {
    if (moved[i] < 0) {
      close(i);
    } else if (dup2(moved[i], i) < 0) {
      return -1;
    }
  }
  return 0;
}

// What the new process does: only async-signal-safe calls from here to exec.
static void run_child(const struct laforge_agent_start *start, int gate, int failure) {
  setpgid(0, 0);
  // Messages of other lengths than announced cannot come: parent and child share this code.
  size_t length = 0;
  if (read_fully(gate, &length, sizeof length) != sizeof length) _exit(127);
  if (length > start->message_capacity) length = start->message_capacity;
  if (read_fully(gate, start->message, length) != (ssize_t)length) _exit(127);
  start->message[length] = '\0';
  // SIGTTOU is still blocked, so a background process may do this.
  if (start->terminal >= 0) tcsetpgrp(start->terminal, getpid());
  // The kernel counts the memory of before exec in the peak of after it.
  struct rusage usage;
  long peak = getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
  write_fully(failure, &peak, sizeof peak);
  int error = 0;
  if (place_descriptors(start->descriptors) != 0) {
    error = errno;
  } else {
    laforge_signals_reset_in_child();
    environ = start->envp;
    execvp(start->argv[0], start->argv);
    error = errno;
  }
  write_fully(failure, &error, sizeof error);
  _exit(127);
}

static void close_pair(const int ends[2]) {
  for (int i = 0; i < 2; i++) {
    if (ends[i] >= 0) close(ends[i]);
  }
}

int laforge_agent_hold(const struct laforge_agent_start *start, struct laforge_agent *agent,
                       const char **function) {
  int gate[2] = {-1, -1}, failure[2] = {-1, -1}, control[2] = {-1, -1};
  bool has_session = start->session != NULL;
  *function = "pipe";
  int error = make_pipe(gate) != 0 || make_pipe(failure) != 0 ? errno : 0;
  if (error == 0 && has_session) {
    *function = "socketpair";
    if (laforge_monitor_make_control(control) != 0) error = errno;
  }
  pid_t pid = -1;
  if (error == 0) {
    // No handler may run in the child before it has reset them: it would report to our own pipe.
    sigset_t all, caller;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &caller);
    *function = "fork";
    pid = fork();
    if (pid < 0) error = errno;
    if (pid == 0) {
      close(gate[1]);
      close(failure[0]);
      if (has_session) {
        close(control[0]);
        pid_t own = laforge_monitor_begin(start->session);
        if (own != 0) laforge_monitor_run(start->session, own, control[1]);
      }
      run_child(start, gate[0], failure[1]);
    }
    // Both sides set the group, so that it exists whichever runs first.
    if (pid > 0 && !has_session) setpgid(pid, pid);
    sigprocmask(SIG_SETMASK, &caller, NULL);
  }
  if (error != 0) {
    close_pair(gate);
    close_pair(failure);
    close_pair(control);
    return error;
  }
  close(gate[0]);
  close(failure[1]);
  *agent = (struct laforge_agent){
      .pid = pid, .gate = gate[1], .failure = failure[0], .monitor = 0, .control = -1};
  if (!has_session) return 0;
  close(control[1]);
  agent->monitor = pid;
  agent->control = control[0];
  *function = "fork";
  return laforge_monitor_await(agent);
}

int laforge_agent_release(struct laforge_agent *agent, const char *message) {
  size_t length = strlen(message);
  write_fully(agent->gate, &length, sizeof length);
  write_fully(agent->gate, message, length);
  close(agent->gate);
  agent->gate = -1;
  if (read_fully(agent->failure, &agent->peak_before, sizeof agent->peak_before) !=
      sizeof agent->peak_before) {
    agent->peak_before = 0;
  }
  // The other end is close-on-exec: end of file means that exec has succeeded.
  int error = 0;
  if (read_fully(agent->failure, &error, sizeof error) != sizeof error) error = 0;
  close(agent->failure);
  agent->failure = -1;
  return error;
}

void laforge_agent_abandon(struct laforge_agent *agent) {
  close(agent->gate);
  close(agent->failure);
  if (agent->control >= 0) {
    close(agent->control);
    agent->control = -1;
  }
  pid_t child = agent->monitor > 0 ? agent->monitor : agent->pid;
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
  }
}

bool laforge_change_take(pid_t pid, struct laforge_change *change) {
  int status;
  struct rusage usage;
  if (wait4(pid, &status, WNOHANG | WUNTRACED | WCONTINUED, &usage) <= 0) return false;
  *change = (struct laforge_change){.kind = LAFORGE_CONTINUED};
  if (WIFSTOPPED(status)) {
    change->kind = LAFORGE_STOPPED;
    change->value = WSTOPSIG(status);
    return true;
  }
  if (!WIFEXITED(status) && !WIFSIGNALED(status)) return true;
  change->kind = WIFEXITED(status) ? LAFORGE_EXITED : LAFORGE_SIGNALED;
  change->value = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  change->user_microseconds = usage.ru_utime.tv_sec * 1000000L + usage.ru_utime.tv_usec;
  change->system_microseconds = usage.ru_stime.tv_sec * 1000000L + usage.ru_stime.tv_usec;
  change->peak = usage.ru_maxrss;
  return true;
}

bool laforge_agent_change(struct laforge_agent *agent, struct laforge_change *change) {
  return agent->control >= 0 ? laforge_monitor_receive(agent, change)
                             : laforge_change_take(agent->pid, change);
}

void laforge_agent_reap_orphans(const struct laforge_agent *agent) {
  int is_reaper = getpid() == 1;
#ifdef __linux__
  if (!is_reaper && prctl(PR_GET_CHILD_SUBREAPER, &is_reaper) != 0) return;
#endif
  while (is_reaper) {
    siginfo_t ended = {.si_pid = 0};
    if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) return;
    if (ended.si_pid == agent->pid || ended.si_pid == agent->monitor) return;
    waitpid(ended.si_pid, NULL, 0);
  }
}
