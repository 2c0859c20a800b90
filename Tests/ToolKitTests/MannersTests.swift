import Testing
import ToolKit

@Suite struct MannersTests {
  // NIST's and RFC 1321's test vectors.
  @Test(arguments: [
    (
      "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "d41d8cd98f00b204e9800998ecf8427e"
    ),
    (
      "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "900150983cd24fb0d6963f7d28e17f72"
    ),
    (
      "message digest", "f7846f55cf23e14eebeab5b4e1550cad5b509e3348fbc4efa3a1413d393cb650",
      "f96b697d7cb7938d525a2f31aaf161d0"
    ),
  ])
  func `Digests are those of the standards`(text: String, sha256: String, md5: String) {
    #expect(Digest.sha256(text) == sha256)
    let digest = Digest(.md5)
    digest.update(text)
    #expect(digest.finishHex() == md5)
  }

  @Test func `A digest does not depend on how its bytes are cut up`() {
    let (whole, pieces) = (Digest(), Digest())
    whole.update((0..<1000).map { Int32($0) })
    for start in stride(from: 0, to: 1000, by: 7) {
      pieces.update((start..<min(1000, start + 7)).map { Int32($0) })
    }
    #expect(whole.finish() == pieces.finish())
    #expect(Digest.hex([0, 1, 0x9A, 0xFF]) == "00019aff")
  }

  @Test(arguments: [("0:20", 0, 20), ("5:6", 5, 6), (":7", 0, 7), ("10:2147483647", 10, 2_147_483_647)])
  func `A half-open range is its two ends`(text: String, lower: Int, upper: Int) {
    #expect(HalfOpenRange(argument: text)?.range == lower..<upper)
  }

  @Test(arguments: [
    "", ":", "5", "5:", "5:5", "6:5", "-1:5", "1:2:3", "a:b", "1.5:2", " 1:2", "0:2147483648",
    "0:99999999999999999999",
  ])
  func `What is no half-open range is refused`(text: String) {
    #expect(HalfOpenRange(argument: text) == nil)
  }

  @Test func `A range prints as it is written`() {
    #expect(HalfOpenRange(3..<9).description == "3:9")
    #expect(HalfOpenRange(argument: ":9")?.description == "0:9")
  }

  @Test(arguments: [
    // 250 of 1,000 in 50 s: 5 a second, 150 s left.
    (250.0, 1000.0, 50.0, "work: 25 %, 5 images/s, 2:30 left"),
    (0, 1000, 50, "work: 0 %, 0 images/s, no end in sight"),
    (1000, 1000, 50, "work: 100 %, 20 images/s, 0 s left"),
    // More than was announced, nothing announced, and no time at all.
    (1100, 1000, 50, "work: 100 %, 22 images/s, 0 s left"),
    (0, 0, 1, "work: 100 %, 0 images/s, no end in sight"),
    (1e12, 2e12, 0, "work: 50 %, 1000000000000000 images/s, 0 s left"),
    // 2 of 10 in 3 hours: 0.67 an hour would be 0; 12 hours left.
    (40, 200, 7200, "work: 20 %, 20 images/h, 8:00:00 left"),
    (1, 100, 59.4, "work: 1 %, 60 images/h, 1:38:01 left"),
  ])
  func `The progress line has the share, the rate and the time left`(
    done: Double, total: Double, seconds: Double, line: String
  ) {
    #expect(Progress.line("work", done: done, of: total, unit: "images", after: seconds) == line)
  }

  @Test func `What was done before the start counts for the share and not for the rate`() {
    // 500 of 1,000, 400 of them before: 100 in 50 s are 2 a second, and 500 are left.
    let line = Progress.line("work", done: 500, of: 1000, unit: "images", after: 50, skipped: 400)
    #expect(line == "work: 50 %, 2 images/s, 4:10 left")
  }

  @Test(arguments: [
    (0.0, "0"), (1.23456789, "1.23457"), (123456.789, "123457"), (1e-9 / 3, "3.33333e-10"), (-2.5, "-2.5"),
    (.nan, "null"), (.infinity, "null"),
  ])
  func `A measured number has six digits, and none where there is none`(value: Double, text: String) {
    #expect(JSON.measured(value).canonical == text)
  }

  @Test func `The progress line ends in what else there is to say`() {
    let line = Progress.line("work", done: 1, of: 2, unit: "runs", after: 1, detail: "1 of 2 runs done")
    #expect(line == "work: 50 %, 1 runs/s, 1 s left, 1 of 2 runs done")
  }

  @Test func `A failure is one line of subject, problem and remedy, whatever is in them`() {
    let failure = Failure(.badData, "a\nb.h5", "is\r\ncut\u{2028}short\u{1B}[31m", remedy: "make it\tagain")
    #expect(failure.description == "a b.h5: is  cut short [31m; make it again")
    #expect(Failure(.failed, nil, "no").description == "no")
    #expect(Failure.system("x", "cannot read", 2).description == "x: cannot read: No such file or directory")
  }

  @Test func `Exit statuses are those of sysexits`() {
    let statuses: [ToolKit.ExitStatus] = [.done, .failed, .usage, .badData, .inputOutput, .resumable]
    #expect(statuses.map(\.rawValue) == [0, 1, 64, 65, 74, 75])
  }
}
