/// A NULL-terminated array of C strings, as `execve(2)` takes it.
struct CStringArray {
  let pointers: UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>

  init(_ strings: [[UInt8]]) {
    pointers = .allocate(capacity: strings.count + 1)
    for (index, string) in strings.enumerated() {
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: string.count + 1)
      for (offset, byte) in string.enumerated() { copy[offset] = CChar(bitPattern: byte) }
      copy[string.count] = 0
      pointers.initializeElement(at: index, to: copy)
    }
    pointers.initializeElement(at: strings.count, to: nil)
  }

  func free() {
    for pointer in pointers { pointer?.deallocate() }
    pointers.deallocate()
  }
}
