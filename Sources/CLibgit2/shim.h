// libgit2 as Swift sees it: its headers, and a wrapper for each variadic call that is used.
#ifndef CLIBGIT2_SHIM_H
#define CLIBGIT2_SHIM_H

#include <git2.h>
#include <stdbool.h>
// Version 1.9 declares `git_error_clear` here, version 1.5 in a header that <git2.h> includes.
#if __has_include(<git2/sys/errors.h>)
#include <git2/sys/errors.h>
#endif
#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>

// git_libgit2_opts is variadic. Git itself has vouched for the repository when this is called.
static inline int laforge_git_trust_owners(void) {
  return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
}

// The names of the format extensions that this version knows; git_strarray_dispose frees them.
static inline int laforge_git_known_extensions(git_strarray *names) {
  return git_libgit2_opts(GIT_OPT_GET_EXTENSIONS, names);
}

// Whether a repository's configuration holds the worktree's own. Version 1.9 reads that file itself
// and gives it level 6; in version 1.5 that is the level of files that the caller adds.
static inline bool laforge_git_holds_worktree_configuration(const git_config *configuration) {
  git_config *level = NULL;
  bool holds = git_config_open_level(&level, configuration, (git_config_level_t)6) == 0;
  git_config_free(level);
  if (!holds) git_error_clear();
  return holds;
}

// Objects and references wait for the disk before the call that writes them returns.
static inline int laforge_git_enable_fsync(void) {
  return git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
}

#endif
