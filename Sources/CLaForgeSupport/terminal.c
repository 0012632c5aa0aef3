#define _GNU_SOURCE
#include "CLaForgeSupport.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

// The caller's terminal while it is raw. Terminals are shared by all of a process, so this state is
// the process's too.
static int raw_descriptor = -1;
static struct termios saved;
static volatile sig_atomic_t is_raw;

static void restore_and_end(int signal_number) {
  laforge_terminal_restore(NULL);
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

// Every signal that would end LaForge and that it does not catch anyway.
static void guard(void) {
  static bool is_guarded;
  if (is_guarded) return;
  is_guarded = true;
  struct sigaction action = {.sa_handler = restore_and_end, .sa_flags = SA_NODEFER | SA_RESETHAND};
  for (int i = 1; i < NSIG; i++) {
    struct sigaction before;
    bool ends = i != SIGCHLD && i != SIGCONT && i != SIGURG && i != SIGWINCH && i != SIGTSTP &&
                i != SIGTTIN && i != SIGTTOU;
    if (ends && sigaction(i, NULL, &before) == 0 && before.sa_handler == SIG_DFL) {
      sigaction(i, &action, NULL);
    }
  }
}

bool laforge_terminal_make_raw(int descriptor) {
  struct termios modes;
  if (is_raw || tcgetattr(descriptor, &modes) != 0) return is_raw;
  saved = modes;
  raw_descriptor = descriptor;
  guard();
  cfmakeraw(&modes);
  is_raw = true;
  // Drained, so that what was printed before is still processed as before.
  if (tcsetattr(descriptor, TCSADRAIN, &modes) == 0) return true;
  is_raw = false;
  return false;
}

void laforge_terminal_restore(const struct termios *modes) {
  if (!is_raw) return;
  tcsetattr(raw_descriptor, TCSANOW, modes != NULL ? modes : &saved);
  is_raw = false;
}

int laforge_terminal_open(int outer, int *master, int *slave, char *name, size_t size) {
  *slave = -1;
  *master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (*master < 0) return errno;
  int error = 0;
  if (grantpt(*master) != 0 || unlockpt(*master) != 0) error = errno;
  if (error == 0) error = ptsname_r(*master, name, size);
  if (error == 0) {
    *slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*slave < 0) error = errno;
  }
  if (error == 0) {
    struct termios modes;
    if (tcgetattr(outer, &modes) == 0) tcsetattr(*slave, TCSANOW, &modes);
    // What terminals have where nobody has told them.
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    ioctl(*master, TIOCSWINSZ, &size);
    laforge_terminal_copy_size(outer, *master);
    fcntl(*master, F_SETFL, O_NONBLOCK);
    return 0;
  }
  close(*master);
  if (*slave >= 0) close(*slave);
  return error;
}

void laforge_terminal_copy_size(int from, int to) {
  struct winsize size;
  if (ioctl(from, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) ioctl(to, TIOCSWINSZ, &size);
}

int laforge_terminal_signal(const struct termios *modes, unsigned char byte) {
  if ((modes->c_lflag & ISIG) == 0 || byte == _POSIX_VDISABLE) return 0;
  if (byte == modes->c_cc[VINTR]) return SIGINT;
  return byte == modes->c_cc[VQUIT] ? SIGQUIT : 0;
}

bool laforge_terminal_adds_returns(const struct termios *modes) {
  return (modes->c_oflag & OPOST) != 0 && (modes->c_oflag & ONLCR) != 0;
}

size_t laforge_terminal_unreturn(char *to, const char *from, size_t count, bool *is_held) {
  size_t done = 0;
  for (size_t i = 0; i < count; i++) {
    char byte = from[i];
    if (*is_held && byte != '\n') to[done++] = '\r';
    *is_held = byte == '\r';
    if (!*is_held) to[done++] = byte;
  }
  return done;
}

void laforge_terminal_push_back(int descriptor, const char *typed, size_t count) {
  // Kernels may refuse this, and then what was typed ahead is gone.
  for (size_t i = 0; i < count; i++) {
    if (ioctl(descriptor, TIOCSTI, typed + i) != 0) return;
  }
}
