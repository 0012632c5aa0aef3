// libgit2 as Swift sees it: its headers, and a wrapper for each variadic call that is used.
#ifndef CLIBGIT2_SHIM_H
#define CLIBGIT2_SHIM_H

#include <git2.h>
#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>

// git_libgit2_opts is variadic. Git itself has vouched for the repository when this is called.
static inline int laforge_git_trust_owners(void) {
  return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
}

// Objects and references wait for the disk before the call that writes them returns.
static inline int laforge_git_enable_fsync(void) {
  return git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
}

#endif
