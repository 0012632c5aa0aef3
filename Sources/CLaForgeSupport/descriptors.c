#define _GNU_SOURCE
#include "CLaForgeSupport.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
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

void laforge_descriptor_let_go(int descriptor) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null >= 0) {
    dup2(null, descriptor);
    close(null);
    return;
  }
  if (errno != EMFILE && errno != ENFILE) return;
  // The lowest free number is the one that was closed.
  close(descriptor);
  open("/dev/null", O_RDWR);
}

int laforge_descriptors_left(int wanted) {
  int opened[256], count = 0;
  if (wanted > 256) wanted = 256;
  while (count < wanted && (opened[count] = open("/", O_RDONLY | O_CLOEXEC)) >= 0) count++;
  for (int i = 0; i < count; i++) close(opened[i]);
  return count;
}

int laforge_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

int laforge_open_at(int folder, const char *name, int flags) { return openat(folder, name, flags); }

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

void laforge_enlarge_pipe(int descriptor, int size) {
#ifdef F_SETPIPE_SZ
  fcntl(descriptor, F_SETPIPE_SZ, size);
#else
  (void)descriptor;
  (void)size;
#endif
}

int laforge_duplicate(int descriptor) { return fcntl(descriptor, F_DUPFD_CLOEXEC, 3); }

ssize_t laforge_pipe_pass(int source, int sink, void *buffer, size_t count) {
#ifdef SPLICE_F_NONBLOCK
  ssize_t passed = tee(source, sink, count, SPLICE_F_NONBLOCK);
  // What was passed is still there to be read, and by nobody else.
  for (ssize_t done = 0; done < passed;) {
    ssize_t size = read(source, (char *)buffer + done, (size_t)(passed - done));
    if (size > 0) {
      done += size;
    } else if (size == 0 || errno != EINTR) {
      return -1;
    }
  }
  return passed;
#else
  (void)source, (void)sink, (void)buffer, (void)count;
  errno = ENOSYS;
  return -1;
#endif
}

ssize_t laforge_write(int descriptor, const void *bytes, size_t count) {
  return write(descriptor, bytes, count);
}

int laforge_close(int descriptor) { return close(descriptor); }

int laforge_character_width(uint32_t scalar) { return wcwidth((wchar_t)scalar); }

int laforge_copy_file(const char *source, const char *target) {
  int in = open(source, O_RDONLY | O_CLOEXEC);
  if (in < 0) return errno;
  struct stat status;
  int out = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int code = out < 0 || fstat(in, &status) != 0 ? errno : 0;
  char buffer[1 << 16];
  ssize_t count = 0;
  while (code == 0 && (count = read(in, buffer, sizeof buffer)) > 0) {
    for (ssize_t done = 0; done < count && code == 0;) {
      ssize_t written = write(out, buffer + done, (size_t)(count - done));
      if (written < 0) code = errno;
      else done += written;
    }
  }
  if (code == 0 && count < 0) code = errno;
  if (code == 0) {
    struct timespec times[2] = {status.st_atim, status.st_mtim};
    if (futimens(out, times) != 0) code = errno;
  }
  if (out >= 0) close(out);
  close(in);
  return code;
}
