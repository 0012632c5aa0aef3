import CLaForgeSupport

/// How LaForge itself ends where an exit status would not say enough.
package enum OwnEnd {
  /// Ends LaForge and its process group by a signal that was typed while the command had the
  /// terminal: shells stop a loop only if what they wait for dies of the signal.
  package static func bySignal(_ signal: Int32) {
    laforge_signals_end(signal, true)
  }
}
