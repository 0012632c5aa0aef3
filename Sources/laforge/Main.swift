import LaForgeCommands

/// The executable.
@main
enum Main {
  static func main() async {
    await LaForgeProgram.main()
  }
}
