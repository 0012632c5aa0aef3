#define _GNU_SOURCE
#include "CLaForgeSupport.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

// Signals are process-wide, so this state is too. Set before the handlers are, then only read.
static int pipe_ends[2] = {-1, -1};
enum { LIMIT = NSIG };
static struct sigaction before[LIMIT];
static bool is_caught[LIMIT];
static sigset_t mask_before;

static volatile sig_atomic_t was_continued;

// Whether a signal can be meant for the command. The others report errors of this process itself,
// cannot be caught, or are handled on their own.
static bool is_passed_on(int signal_number) {
  switch (signal_number) {
    case SIGKILL: case SIGSTOP: case SIGCHLD: case SIGTTIN: case SIGTTOU:
    case SIGILL: case SIGTRAP: case SIGABRT: case SIGBUS: case SIGFPE: case SIGSEGV: case SIGSYS:
      return false;
    default: return true;
  }
}

// Whether LaForge needs a signal itself, also if the caller ignores it: a request to stop comes as
// SIGTERM, and the kernel would reap the agent and lose its status if SIGCHLD were ignored.
static bool is_needed(int signal_number) {
  return signal_number == SIGTERM || signal_number == SIGCONT || signal_number == SIGWINCH ||
         signal_number == SIGCHLD;
}

// Whether a signal reports an error of this process: a write without a reader, a limit exceeded.
static bool is_own(int signal_number, const siginfo_t *information) {
  if (signal_number == SIGXCPU) return information->si_code == SI_KERNEL;
  if (signal_number != SIGPIPE && signal_number != SIGXFSZ) return false;
  return information->si_code == SI_KERNEL || information->si_pid == getpid();
}

static void note(int signal_number, siginfo_t *information, void *context) {
  (void)context;
  int saved = errno;
  if (signal_number == SIGCONT) was_continued = 1;
  bool is_stop = signal_number == SIGTERM && information->si_code == SI_QUEUE &&
                 information->si_value.sival_int == LAFORGE_STOP;
  bool is_ignored = signal_number == SIGTERM && before[SIGTERM].sa_handler == SIG_IGN;
  if (is_own(signal_number, information) || (is_ignored && !is_stop)) return;
  // The kernel sends what is typed at the terminal; anything else has a process as its sender.
  bool typed = information->si_code == SI_KERNEL;
  unsigned char byte = (unsigned char)(signal_number | (typed ? LAFORGE_TYPED : 0));
  if (is_stop) byte = LAFORGE_STOP;
  // A full pipe loses nothing that matters: the reader is awake and signals do not queue anyway.
  ssize_t written = write(pipe_ends[1], &byte, 1);
  (void)written;
  errno = saved;
}

static void do_nothing(int signal_number) { (void)signal_number; }

void laforge_signals_survive_file_limit(void) {
  struct sigaction present, action = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};
  // A handler, unlike SIG_IGN, does not outlive exec(3).
  if (sigaction(SIGXFSZ, NULL, &present) == 0 && present.sa_handler == SIG_DFL) {
    sigaction(SIGXFSZ, &action, NULL);
  }
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
  sigset_t needed;
  sigemptyset(&needed);
  for (int i = 1; i < LIMIT; i++) {
    is_caught[i] = false;
    if (!is_passed_on(i) && !is_needed(i)) continue;
    // The C library keeps some real-time signals for itself.
    if (sigaction(i, NULL, &before[i]) != 0) continue;
    if (before[i].sa_handler == SIG_IGN && !is_needed(i)) continue;
    is_caught[i] = sigaction(i, &action, NULL) == 0;
    if (is_caught[i]) sigaddset(&needed, i);
  }
  sigprocmask(SIG_UNBLOCK, &needed, &mask_before);
  // So that a background LaForge may hand the terminal over.
  sigset_t output;
  sigemptyset(&output);
  sigaddset(&output, SIGTTOU);
  sigprocmask(SIG_BLOCK, &output, NULL);
  return pipe_ends[0];
}

void laforge_signals_restore(void) {
  for (int i = 1; i < LIMIT; i++) {
    if (is_caught[i]) sigaction(i, &before[i], NULL);
  }
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
  for (int i = 1; i < LIMIT; i++) {
    if (is_caught[i]) sigaction(i, before[i].sa_handler == SIG_IGN ? &before[i] : &standard, NULL);
  }
  sigprocmask(SIG_SETMASK, &mask_before, NULL);
}
