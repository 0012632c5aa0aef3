/// The scripts that `laforge hooks install` copies, as they lie beside this file.
package enum HookScripts {
  /// Each script's text by the name of its hook; see `man 5 githooks`.
  package static let all: [(name: String, text: [UInt8])] = [
    ("commit-msg", PackageResources.commit_msg), ("post-commit", PackageResources.post_commit),
    ("post-rewrite", PackageResources.post_rewrite), ("pre-push", PackageResources.pre_push),
  ]
}
