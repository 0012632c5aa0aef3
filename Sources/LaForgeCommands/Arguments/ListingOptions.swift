import ArgumentParser
import LaForgeCore

/// Options of the commands that show something.
struct FormatOptions: ParsableArguments {
  /// When to use colour.
  enum ColorMode: String, ExpressibleByArgument {
    case auto, always, never
  }

  @Flag(help: "Write one JSON document.")
  var json = false

  @Option(help: ArgumentHelp("When to use colour: auto, always or never.", valueName: "when"))
  var color: ColorMode = .auto

  /// What was asked for, else what the terminal suits.
  func style(in context: CommandContext) -> Style {
    switch color {
    case .always: Style(isColored: true)
    case .never: Style(isColored: false)
    case .auto: context.style(for: context.output)
    }
  }
}

/// Options of the commands that show times as well.
struct ListingOptions: ParsableArguments {
  @Flag(name: .customLong("utc"), help: "Show times in UTC.")
  var isUTC = false

  @OptionGroup var format: FormatOptions

  /// Whether a JSON document is wanted.
  var json: Bool { format.json }

  /// What was asked for, else what the terminal suits.
  func style(in context: CommandContext) -> Style { format.style(in: context) }
}
