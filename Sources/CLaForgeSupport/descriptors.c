#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#include "CLaForgeSupport.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

unsigned laforge_descriptors_secure(void) {
  unsigned closed = 0;
  for (int i = 0; i < 3; i++) {
    if (fcntl(i, F_GETFD) >= 0) continue;
    closed |= 1u << i;
    // open returns the lowest free number, which is i.
    open("/dev/null", O_RDWR);
  }
  return closed;
}

int laforge_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

int laforge_flock(int descriptor, int operation) { return flock(descriptor, operation); }

int laforge_terminal_columns(int descriptor) {
  struct winsize size;
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int laforge_available(int descriptor) {
  int count = 0;
  return ioctl(descriptor, FIONREAD, &count) == 0 ? count : 0;
}

int laforge_set_close_on_exec(int descriptor) { return fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

ssize_t laforge_write(int descriptor, const void *bytes, size_t count) {
  return write(descriptor, bytes, count);
}

int laforge_close(int descriptor) { return close(descriptor); }

int laforge_character_width(uint32_t scalar) { return wcwidth((wchar_t)scalar); }
