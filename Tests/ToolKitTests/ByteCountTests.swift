import Testing
import ToolKit

@Suite struct ByteCountTests {
  @Test(arguments: [
    ("1", 1), ("500", 500), ("3K", 3072), ("64M", 64 << 20), ("2G", 2 << 30), ("1T", 1 << 40),
  ])
  func `Units are powers of 1024`(text: String, bytes: Int) { #expect(ByteCount(argument: text)?.bytes == bytes) }

  @Test(arguments: ["", "G", "0", "0G", "-1", "-2G", "1.5G", "2g", "2GB", "9999999999999T", "x"])
  func `What is no number of bytes is refused`(text: String) { #expect(ByteCount(argument: text) == nil) }

  @Test func `A number is told in the largest unit that leaves it whole, and reads back`() {
    #expect(ByteCount(2 << 30).description == "2G" && ByteCount(1536 << 20).description == "1536M")
    #expect(ByteCount(5 << 10).description == "5K" && ByteCount(1025).description == "1025")
    for bytes in [1, 1000, 1 << 20, (1 << 20) + 1, 7 << 30] {
      #expect(ByteCount(argument: ByteCount(bytes).description)?.bytes == bytes)
    }
  }
}
