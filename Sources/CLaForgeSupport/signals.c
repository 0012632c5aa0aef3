#define _GNU_SOURCE
#include "CLaForgeSupport.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

// Signals are process-wide, so this state is too. Set before the handlers are, then only read.
static int pipe_ends[2] = {-1, -1};
static const int caught[] = {SIGHUP,  SIGINT,  SIGQUIT,  SIGTERM, SIGUSR1,
                             SIGUSR2, SIGCONT, SIGWINCH, SIGTSTP, SIGPIPE};
enum { CAUGHT_COUNT = sizeof caught / sizeof *caught };
static struct sigaction before[CAUGHT_COUNT];
static bool is_caught[CAUGHT_COUNT];
static struct sigaction child_before;
static sigset_t mask_before;

static volatile sig_atomic_t was_continued;
// Whether the caller ignored SIGINT and SIGQUIT, as shells do for what they start with `&`.
static bool ignores_typed;

static void note(int signal_number, siginfo_t *information, void *context) {
  (void)context;
  int saved = errno;
  if (signal_number == SIGCONT) was_continued = 1;
  // The kernel sends what is typed at the terminal; anything else has a process as its sender.
  bool typed = information->si_code == SI_KERNEL;
  if (typed && ignores_typed && (signal_number == SIGINT || signal_number == SIGQUIT)) return;
  unsigned char byte = (unsigned char)(signal_number | (typed ? LAFORGE_TYPED : 0));
  if (information->si_code == SI_QUEUE && information->si_value.sival_int == LAFORGE_STOP) {
    byte = LAFORGE_STOP;
  }
  // A full pipe loses nothing that matters: the reader is awake and signals do not queue anyway.
  ssize_t written = write(pipe_ends[1], &byte, 1);
  (void)written;
  errno = saved;
}

int laforge_signals_catch(void) {
  if (pipe_ends[0] < 0) {
    if (pipe(pipe_ends) != 0) return -1;
    for (int i = 0; i < 2; i++) {
      fcntl(pipe_ends[i], F_SETFD, FD_CLOEXEC);
      fcntl(pipe_ends[i], F_SETFL, O_NONBLOCK);
    }
  }
  struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_RESTART | SA_SIGINFO};
  sigfillset(&action.sa_mask);
  for (int i = 0; i < CAUGHT_COUNT; i++) {
    sigaction(caught[i], NULL, &before[i]);
    bool is_ignored = before[i].sa_handler == SIG_IGN;
    // What a person sends with kill(1) is meant, and an agent can only be interrupted if it is not
    // told to ignore that.
    bool always = caught[i] == SIGINT || caught[i] == SIGQUIT;
    if (caught[i] == SIGINT) ignores_typed = is_ignored;
    is_caught[i] = always || !is_ignored;
    if (is_caught[i]) sigaction(caught[i], &action, NULL);
  }
  // Even where the caller ignores SIGCHLD: the kernel would reap the agent and lose its status.
  sigaction(SIGCHLD, &action, &child_before);
  sigset_t needed;
  sigemptyset(&needed);
  sigaddset(&needed, SIGCHLD);
  for (int i = 0; i < CAUGHT_COUNT; i++) sigaddset(&needed, caught[i]);
  sigprocmask(SIG_UNBLOCK, &needed, &mask_before);
  // So that a background LaForge may hand the terminal over.
  sigset_t output;
  sigemptyset(&output);
  sigaddset(&output, SIGTTOU);
  sigprocmask(SIG_BLOCK, &output, NULL);
  return pipe_ends[0];
}

void laforge_signals_restore(void) {
  for (int i = 0; i < CAUGHT_COUNT; i++) {
    if (is_caught[i]) sigaction(caught[i], &before[i], NULL);
  }
  sigaction(SIGCHLD, &child_before, NULL);
  sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

bool laforge_signals_stop(int signal_number, bool whole_group) {
  struct sigaction standard = {.sa_handler = SIG_DFL}, ours;
  sigset_t only, previous;
  sigemptyset(&only);
  sigaddset(&only, signal_number);
  bool may_be_caught = sigaction(signal_number, &standard, &ours) == 0;
  was_continued = 0;
  // This stops here, and goes on when somebody continues it. SIGTTOU is blocked otherwise.
  sigprocmask(SIG_UNBLOCK, &only, &previous);
  kill(whole_group ? 0 : getpid(), signal_number);
  sigprocmask(SIG_SETMASK, &previous, NULL);
  if (may_be_caught) sigaction(signal_number, &ours, NULL);
  // SIGCONT is told to any thread, which need not have come to it yet.
  struct timespec pause = {.tv_nsec = 1000000};
  for (int i = 0; i < 1000 && !was_continued; i++) nanosleep(&pause, NULL);
  return was_continued;
}

void laforge_signals_end(int signal_number, bool whole_group) {
  struct sigaction standard = {.sa_handler = SIG_DFL};
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal_number);
  sigaction(signal_number, &standard, NULL);
  sigprocmask(SIG_UNBLOCK, &only, NULL);
  kill(whole_group ? 0 : getpid(), signal_number);
}

bool laforge_signals_request_stop(pid_t pid) {
  union sigval value = {.sival_int = LAFORGE_STOP};
  return sigqueue(pid, SIGTERM, value) == 0;
}

void laforge_signals_reset_in_child(void) {
  struct sigaction standard = {.sa_handler = SIG_DFL};
  for (int i = 0; i < CAUGHT_COUNT; i++) {
    if (is_caught[i]) sigaction(caught[i], &standard, NULL);
  }
  sigaction(SIGCHLD, child_before.sa_handler == SIG_IGN ? &child_before : &standard, NULL);
  sigprocmask(SIG_SETMASK, &mask_before, NULL);
}
