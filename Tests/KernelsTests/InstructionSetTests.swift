import Kernels
import Testing

struct InstructionSetTests {
  @Test("Without a name the best available is taken; with one, that one")
  func selection() throws {
    #expect(try InstructionSet.selected(named: nil) == InstructionSet.available.first)
    #expect(InstructionSet.available.last == .portable)
    for set in InstructionSet.available {
      #expect(try InstructionSet.selected(named: set.rawValue) == set)
      #expect(Int(set.kernels.c.lanes) == set.lanes)
    }
  }

  @Test("An unknown instruction set is refused by name", arguments: ["sse9", "AVX2", "avx512 "])
  func refusal(name: String) {
    let error = #expect(throws: InstructionSetError.self) { try InstructionSet.selected(named: name) }
    #expect(error?.description.contains("ROTE_ISA=\(name)") == true)
  }
}
