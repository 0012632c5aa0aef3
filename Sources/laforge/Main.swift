import LaForgeCommands

/// The executable.
@main
enum Main {
  static func main() {
    LaForgeProgram.main()
  }
}
