import ArgumentParser
import LaForgeCore

/// Options of the commands that show something.
struct ListingOptions: ParsableArguments {
  /// When to use colour.
  enum ColorMode: String, ExpressibleByArgument, CaseIterable {
    case auto, always, never
  }

  @Flag(help: "Write one JSON document.")
  var json = false

  @Flag(name: .customLong("utc"), help: "Show times in UTC.")
  var isUTC = false

  @Option(help: ArgumentHelp("When to use colour.", valueName: "when"))
  var color: ColorMode = .auto

  /// Colour only on a terminal that can show it, and never against `NO_COLOR`.
  func style(in context: CommandContext) -> Style {
    switch color {
    case .always: Style(isColored: true)
    case .never: Style(isColored: false)
    case .auto:
      Style(
        isColored: context.output.isTerminal && context.variable("NO_COLOR") == nil
          && context.variable("TERM") != "dumb")
    }
  }
}
