import Glibc
package import Testing

/// What some tests need and some machines refuse: a container, a chroot, a user who is not root.
///
/// Each is found out once by trying it. Where it is denied, a test that needs it is skipped with a
/// sentence.
enum Privilege {
  static let canMount = succeeds(
    "unshare -m sh -c 'mount -t tmpfs none /mnt && umount /mnt && mount --bind / /mnt'")

  static let canTrace = succeeds(
    "strace -f -o /dev/null -e trace=chdir -e inject=chdir:error=EIO sh -c '! cd /'")

  static let hasFullDevice = succeeds("test -c /dev/full && ! sh -c 'echo x > /dev/full'")

  /// Whether a script of the shell exits with 0.
  private static func succeeds(_ script: String) -> Bool {
    TestEnvironment.spawn(["/bin/sh", "-c", "exec > /dev/null 2>&1; \(script)"])
  }
}

extension Trait where Self == ConditionTrait {
  /// The test makes files of another user.
  package static var needsRoot: Self {
    .enabled(if: geteuid() == 0, "only root can make files of another user")
  }

  /// The test mounts file systems in a mount namespace, which `unshare -m` gives.
  package static var needsMounting: Self {
    .enabled(
      if: Privilege.canMount,
      "this machine refuses `unshare -m` or `mount`, as a chroot and most containers do")
  }

  /// The test follows processes with `strace` and changes what their system calls return.
  package static var needsTracing: Self {
    .enabled(
      if: Privilege.canTrace, "this machine refuses `strace`, as some containers and sandboxes do")
  }

  /// The test writes into `/dev/full`.
  package static var needsFullDevice: Self {
    .enabled(if: Privilege.hasFullDevice, "this machine has no /dev/full")
  }
}
