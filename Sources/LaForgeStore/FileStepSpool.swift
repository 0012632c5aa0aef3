import Foundation
import Glibc
package import LaForgeCore
package import SystemPackage

/// Keeps records as JSON files: in `laforge/spool/`, or where that cannot be written in the user's
/// XDG state folder.
package struct FileStepSpool: StepSpool {
  private let repositoryFolder: FilePath
  private let stateFolder: FilePath?
  private let commonDirectory: FilePath

  /// - Parameters:
  ///   - commonDirectory: The git directory that all worktrees share.
  ///   - stateDirectory: `$XDG_STATE_HOME` or what stands for it; `nil` where there is no home.
  package init(commonDirectory: FilePath, stateDirectory: FilePath?) {
    self.commonDirectory = commonDirectory
    repositoryFolder = StoreFolder(commonDirectory: commonDirectory).spool
    stateFolder = stateDirectory?.appending("laforge").appending("spool")
  }

  /// The content of a file.
  private struct Record: Codable {
    var storeID: String
    var commonDirectory: String
    var step: Step
  }

  package func keep(_ step: Step, storeID: String) throws(StoreError) -> String {
    let record = Record(
      storeID: storeID, commonDirectory: commonDirectory.string, step: step)
    do throws(StoreError) {
      // Not with the folders above: a `.git` that was deleted must not come back as an empty one.
      try StoreFolder.makePrivate(repositoryFolder.removingLastComponent())
      return try write(record, to: repositoryFolder, name: "\(step.id.rawValue).json")
    } catch {
      guard let stateFolder else { throw error }
      try StoreFolder.makePrivateWithParents(stateFolder.removingLastComponent())
      return try write(record, to: stateFolder, name: "\(storeID)-\(step.id.rawValue).json")
    }
  }

  package func waiting(storeID: String) -> (steps: [SpooledStep], refusals: [SpoolRefusal]) {
    var steps: [SpooledStep] = []
    var refusals: [SpoolRefusal] = []
    for (folder, isShared) in folders {
      for path in files(in: folder) {
        switch Result(catching: { try read(path) }) {
        case .success(let record):
          // The state folder serves every repository of this user.
          let isOurs =
            record.storeID == storeID || record.commonDirectory == commonDirectory.string
          guard isOurs || !isShared else { continue }
          steps.append(SpooledStep(path: path.string, step: record.step))
        case .failure(let error):
          if !isShared {
            refusals.append(SpoolRefusal(path: path.string, reason: "\(error)"))
          }
        }
      }
    }
    return (steps.sorted { $0.step.id < $1.step.id }, refusals)
  }

  package func remove(_ spooled: SpooledStep) throws(StoreError) {
    // Another run may have taken in the same record.
    guard unlink(spooled.path) != 0, errno != ENOENT else { return }
    throw StoreError(errorNumber: errno, function: "unlink", path: FilePath(spooled.path))
  }

  // MARK: - Files

  private var folders: [(FilePath, isShared: Bool)] {
    [(repositoryFolder, false)] + (stateFolder.map { [($0, true)] } ?? [])
  }

  private func files(in folder: FilePath) -> [FilePath] {
    // A folder that does not exist holds no record.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
    return names.filter { $0.hasSuffix(".json") }.sorted().map { folder.appending($0) }
  }

  private func read(_ path: FilePath) throws -> Record {
    let data = try Data(contentsOf: URL(filePath: path.string))
    return try JSONDecoder().decode(Record.self, from: data)
  }

  /// Writes the whole record under another name first, so that nobody reads half of it.
  private func write(
    _ record: Record, to folder: FilePath, name: String
  ) throws(StoreError) -> String {
    try StoreFolder.makePrivate(folder)
    let path = folder.appending(name)
    do {
      let text = try StepRow.json(record)
      try PrivateFile.writeAtomically(Array(text.utf8), to: path)
      return path.string
    } catch {
      throw SQLiteStepStore.storeError(error, path)
    }
  }
}
