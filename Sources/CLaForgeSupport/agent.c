#define _GNU_SOURCE
#include "CLaForgeSupport.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

int laforge_agent_hold(const struct laforge_agent_start *start, struct laforge_agent *agent,
                       const char **function) {
  int gate[2], failure[2];
  *function = "pipe";
  if (make_pipe(gate) != 0) return errno;
  if (make_pipe(failure) != 0) {
    int error = errno;
    close(gate[0]);
    close(gate[1]);
    return error;
  }
  // No handler may run in the child before it has reset them: it would report to our own pipe.
  sigset_t all, caller;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &caller);
  *function = "fork";
  pid_t pid = fork();
  int error = errno;
  if (pid == 0) {
    close(gate[1]);
    close(failure[0]);
    run_child(start, gate[0], failure[1]);
  }
  // Both sides set the group, so that it exists whichever runs first.
  if (pid > 0) setpgid(pid, pid);
  sigprocmask(SIG_SETMASK, &caller, NULL);
  close(gate[0]);
  close(failure[1]);
  if (pid < 0) {
    close(gate[1]);
    close(failure[0]);
    return error;
  }
  *agent = (struct laforge_agent){.pid = pid, .gate = gate[1], .failure = failure[0]};
  return 0;
}

int laforge_agent_release(struct laforge_agent *agent, const char *message) {
  size_t length = strlen(message);
  write_fully(agent->gate, &length, sizeof length);
  write_fully(agent->gate, message, length);
  close(agent->gate);
  // The other end is close-on-exec: end of file means that exec has succeeded.
  int error = 0;
  if (read_fully(agent->failure, &error, sizeof error) != sizeof error) error = 0;
  close(agent->failure);
  return error;
}

void laforge_agent_abandon(struct laforge_agent *agent) {
  close(agent->gate);
  close(agent->failure);
  while (waitpid(agent->pid, NULL, 0) < 0 && errno == EINTR) {
  }
}

int laforge_agent_wait(pid_t pid, int *value) {
  int status;
  pid_t found = waitpid(pid, &status, WNOHANG | WUNTRACED | WCONTINUED);
  if (found <= 0) return LAFORGE_NOTHING;
  if (WIFEXITED(status)) {
    *value = WEXITSTATUS(status);
    return LAFORGE_EXITED;
  }
  if (WIFSIGNALED(status)) {
    *value = WTERMSIG(status);
    return LAFORGE_SIGNALED;
  }
  if (WIFSTOPPED(status)) {
    *value = WSTOPSIG(status);
    return LAFORGE_STOPPED;
  }
  return LAFORGE_CONTINUED;
}
