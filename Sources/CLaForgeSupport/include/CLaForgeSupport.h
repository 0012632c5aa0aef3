// The little C that Swift cannot say. Each function says why it is here.
#ifndef CLAFORGE_SUPPORT_H
#define CLAFORGE_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

// MARK: This process's arguments (arguments.c)

// The arguments that this process was started with, the program's name first. On Linux Swift's
// CommandLine reads them from /proc/self/cmdline, which a container may not have.
int laforge_argument_count(void);

// The argument at an index, owned by the process; NULL outside of the range.
const char *laforge_argument(int index);

// MARK: Starting the agent (agent.c)

// A pseudo-terminal for an agent.
struct laforge_session {
  int master;
  int slave;
  // The caller's terminal, whose place the pseudo-terminal takes.
  int outer;
  // Whether the agent has its terminal's foreground from the start.
  bool is_foreground;
};

// How to start a program. Swift may not fork: between fork and exec only async-signal-safe
// functions may run, which no Swift code can promise.
struct laforge_agent_start {
  // The program and its arguments, and its environment, as for execvp(3).
  char *const *argv;
  char **envp;
  // What becomes descriptor 0, 1 and 2; -1 closes it.
  int descriptors[3];
  // A terminal whose foreground process group the program becomes; -1 for none.
  int terminal;
  // The pseudo-terminal that controls a session of the program's own; NULL for none.
  const struct laforge_session *session;
  // Where in one string of envp the message of laforge_agent_release is copied to, and how many
  // bytes fit there without the terminating NUL.
  char *message;
  size_t message_capacity;
};

// A process that waits before it executes its program.
struct laforge_agent {
  pid_t pid;
  // The end of a pipe that releases it, or ends it when it is closed.
  int gate;
  // The end of a pipe that delivers errno if the program cannot be executed.
  int failure;
  // Its peak memory before exec, in the unit of getrusage(2), which no later peak is below.
  long peak_before;
  // The process that leads its session, and the socket to it; 0 and -1 without a session.
  pid_t monitor;
  int control;
};

// Creates the process in a process group of its own. Returns 0, or errno with the name of the
// failed call in *function.
int laforge_agent_hold(const struct laforge_agent_start *start, struct laforge_agent *agent,
                       const char **function);

// Executes the program, after `message` was copied into its environment. Returns 0 once exec has
// succeeded, else the errno of exec; the process must be reaped in both cases.
int laforge_agent_release(struct laforge_agent *agent, const char *message);

// Ends and reaps the process without executing its program.
void laforge_agent_abandon(struct laforge_agent *agent);

// What can happen to a process.
enum { LAFORGE_EXITED, LAFORGE_SIGNALED, LAFORGE_STOPPED, LAFORGE_CONTINUED };

struct laforge_change {
  int kind;
  // The exit status, or the signal.
  int value;
  // Of an end: what wait4(2) counts of this process and those that it has waited for; the peak in
  // the unit of getrusage(2).
  long user_microseconds;
  long system_microseconds;
  long peak;
  // Of an end in a session: the modes that its terminal was left with, and what was typed and not
  // read.
  struct termios modes;
  size_t typed_count;
  char typed[4096];
};

// Returns the next change without waiting; false where there is none. The macros that take a wait
// status apart do not reach Swift.
bool laforge_agent_change(struct laforge_agent *agent, struct laforge_change *change);

// Continues a stopped agent, in its terminal's foreground or not.
void laforge_agent_resume(const struct laforge_agent *agent, bool is_foreground);

// As process 1, and as a subreaper, this process becomes the parent of orphans: reaps those that have
// ended, but neither the agent nor the leader of its session. See prctl(2).
void laforge_agent_reap_orphans(const struct laforge_agent *agent);

// Lets an agent's session go. With `keeps_relaying` what processes print that the agent left behind
// goes on to the caller's terminal.
void laforge_agent_leave(struct laforge_agent *agent, bool keeps_relaying);

// MARK: The leader of an agent's session (monitor.c); between the C files only

int laforge_monitor_make_control(int ends[2]);
pid_t laforge_monitor_begin(const struct laforge_session *session);
_Noreturn void laforge_monitor_run(const struct laforge_session *session, pid_t agent, int control);
int laforge_monitor_await(struct laforge_agent *agent);
bool laforge_monitor_receive(struct laforge_agent *agent, struct laforge_change *change);
bool laforge_change_take(pid_t pid, struct laforge_change *change);

// MARK: The caller's terminal (terminal.c)

// Makes a terminal raw, once, and sees to it that no signal ends this process without its modes
// being restored. Returns whether it is raw. A signal handler may not run Swift code.
bool laforge_terminal_make_raw(int descriptor);

// Restores the modes of a terminal that was made raw, or gives it others.
void laforge_terminal_restore(const struct termios *modes);

// Makes a pseudo-terminal with the size and modes of a terminal; `name` becomes the path of the
// slave. Its master does not block. Returns 0 or errno. ioctl(2) is variadic.
int laforge_terminal_open(int outer, int *master, int *slave, char *name, size_t size);

void laforge_terminal_copy_size(int from, int to);

// The signal that a terminal with these modes makes of a byte that is typed; 0 for none. Arrays in
// C structs do not reach Swift as such.
int laforge_terminal_signal(const struct termios *modes, unsigned char byte);

// Copies what a pseudo-terminal printed without the carriage return that it put before each newline,
// for a terminal that adds one itself. `to` may be `from` less one or more. A carriage return at the
// end is kept in *is_held until the next call shows what follows. Returns the count of bytes copied.
size_t laforge_terminal_unreturn(char *to, const char *from, size_t count, bool *is_held);

// Whether a terminal with these modes puts a carriage return before a newline.
bool laforge_terminal_adds_returns(const struct termios *modes);

// Puts bytes back to be read from a terminal as if they had been typed.
void laforge_terminal_push_back(int descriptor, const char *typed, size_t count);

// MARK: Signals (signals.c)

// Lets a write beyond the file size limit fail with EFBIG, instead of ending this process. What it
// executes later is not affected.
void laforge_signals_survive_file_limit(void);

// Catches SIGCHLD and every signal that may be meant for the command. A signal that the caller
// ignores stays ignored, in this process and in the command. Each caught signal is written as one
// byte into a pipe, whose reading end this returns; -1 and errno on failure. A signal that reports
// an error of this process, such as SIGPIPE, is dropped: the call that caused it fails as well. A
// signal handler may not run Swift code.
int laforge_signals_catch(void);

// Puts the dispositions and the mask back as they were before laforge_signals_catch.
void laforge_signals_restore(void);

// Set in the byte of a signal that the kernel sent, as for a key typed at the terminal; and the byte
// of a request to stop.
enum { LAFORGE_TYPED = 0x80, LAFORGE_STOP = 0x7F };

// Asks the LaForge that runs a step to stop it. False, with errno, where that cannot be.
bool laforge_signals_request_stop(pid_t pid);

// Stops this process, or its whole group, as `signal_number` does by default, and returns when it
// is continued. False if it was not stopped: the kernel stops no process of an orphaned group.
bool laforge_signals_stop(int signal_number, bool whole_group);

// Ends this process, or its whole group, as `signal_number` does by default.
void laforge_signals_end(int signal_number, bool whole_group);

// In a forked child: the caller's dispositions and mask.
void laforge_signals_reset_in_child(void);

// MARK: Descriptors (descriptors.c)

// Makes sure that descriptors 0, 1 and 2 are open, so that no file opened later gets their number
// and receives what is printed. Bit n of the result is set if n had been closed.
unsigned laforge_descriptors_secure(void);

// Lets go of a descriptor of these three, so that it keeps no pipe open: it becomes /dev/null.
void laforge_descriptor_let_go(int descriptor);

// How many more files this process may open, counted up to `wanted`, of 256 at most.
int laforge_descriptors_left(int wanted);

// open(2), openat(2) and flock(2), which are variadic or share their name with a struct.
int laforge_open(const char *path, int flags, mode_t mode);
int laforge_open_at(int folder, const char *name, int flags);
int laforge_flock(int descriptor, int operation);

// How many bytes a pipe holds. ioctl(2) and fcntl(2) are variadic.
int laforge_available(int descriptor);
int laforge_set_close_on_exec(int descriptor);
int laforge_duplicate(int descriptor);

// Lets a pipe hold more, where the system can: whoever relays a flood through it wakes up less
// often.
void laforge_enlarge_pipe(int descriptor, int size);

// Takes at most so many bytes out of a pipe and puts them into another one as well: the same pages,
// so nothing is copied to get there. Waits for nothing: EAGAIN where the other has no room. 0 at the
// end of the pipe. EINVAL or ENOSYS where that cannot be done; nothing was taken then. See tee(2).
ssize_t laforge_pipe_pass(int source, int sink, void *buffer, size_t count);

// write(2) and close(2), which Swift methods of the same names hide.
ssize_t laforge_write(int descriptor, const void *bytes, size_t count);
int laforge_close(int descriptor);

// Copies a file with its times to the nanosecond, which the names of struct stat's members make
// awkward to say for several systems. Returns 0 or errno.
int laforge_copy_file(const char *source, const char *target);

// The columns of a terminal; 0 where it is none. ioctl(2) is variadic.
int laforge_terminal_columns(int descriptor);

// wcwidth(3), which the headers hide from Swift: the columns a character takes on a terminal, -1
// for one that cannot be printed.
int laforge_character_width(uint32_t scalar);

// MARK: libgit2 (libgit2.c)

// Calls `initialize`, which is git_libgit2_init, with the two certificate parsers of mbed TLS
// replaced by functions that do nothing: see libgit2.c.
int laforge_libgit2_start(int (*initialize)(void));

#endif
