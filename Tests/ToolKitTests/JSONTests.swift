import TestSupport
import Testing
import ToolKit

@Suite struct JSONTests {
  func parse(_ text: String) throws -> JSON { try JSON(parsing: text, subject: "test") }

  // RFC 8785, appendix B.
  @Test(
    arguments: [
      (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
      (0x8000_0000_0000_0001, "-5e-324"), (0x7FEF_FFFF_FFFF_FFFF, "1.7976931348623157e+308"),
      (0xFFEF_FFFF_FFFF_FFFF, "-1.7976931348623157e+308"), (0x4340_0000_0000_0000, "9007199254740992"),
      (0xC340_0000_0000_0000, "-9007199254740992"), (0x4430_0000_0000_0000, "295147905179352830000"),
      (0x44B5_2D02_C7E1_4AF5, "9.999999999999997e+22"), (0x44B5_2D02_C7E1_4AF6, "1e+23"),
      (0x44B5_2D02_C7E1_4AF7, "1.0000000000000001e+23"), (0x444B_1AE4_D6E2_EF4E, "999999999999999700000"),
      (0x444B_1AE4_D6E2_EF4F, "999999999999999900000"), (0x444B_1AE4_D6E2_EF50, "1e+21"),
      (0x3EB0_C6F7_A0B5_ED8C, "9.999999999999997e-7"), (0x3EB0_C6F7_A0B5_ED8D, "0.000001"),
      (0x41B3_DE43_5555_5553, "333333333.3333332"), (0x41B3_DE43_5555_5554, "333333333.33333325"),
      (0x41B3_DE43_5555_5555, "333333333.3333333"), (0x41B3_DE43_5555_5556, "333333333.3333334"),
      (0x41B3_DE43_5555_5557, "333333333.33333343"), (0xBECB_F647_612F_3696, "-0.0000033333333333333333"),
      (0x4314_3FF3_C1CB_0959, "1424953923781206.2"),
    ] as [(UInt64, String)])
  func `Numbers are those of RFC 8785`(bits: UInt64, text: String) {
    #expect(JSON.number(Double(bitPattern: bits)).canonical == text)
  }

  // RFC 8785, section 3.2.2 and 3.2.3.
  @Test func `The examples of RFC 8785 come out as printed there`() throws {
    let text = #"""
      {
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
      }
      """#
    let canonical =
      #"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#
      + #""string":"€$\u000f\nA'B\"\\\\\"/"}"#
    #expect(try parse(text).canonical == canonical)

    let unsorted = #"""
      {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
       "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}
      """#
    let sorted = try parse(unsorted).canonical
    let order = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"]
    let places = order.map { sorted.range(of: $0)?.lowerBound }
    #expect(!places.contains(nil))
    #expect(places.compactMap { $0 } == places.compactMap { $0 }.sorted())
  }

  @Test func `Control characters, quotes and nothing else are escaped`() {
    let control = String(String.UnicodeScalarView((0..<32).compactMap { Unicode.Scalar($0) }))
    let escaped =
      #""\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f"#
      + #"\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f""#
    #expect(JSON.string(control).canonical == escaped)
    #expect(JSON.string("/\u{7F}\u{2028}é\"\\").canonical == "\"/\u{7F}\u{2028}é\\\"\\\\\"")
  }

  @Test func `Canonical text reads back to the same value and the same text`() throws {
    let value: JSON = [
      "z": [1, -2.5, 1e-9, 123_456_789], "a": ["nested": ["deep": nil], "empty": [:]], "list": [],
      "text": "line\nand \u{1} and 猫", "yes": true, "no": false,
    ]
    let read = try parse(value.canonical)
    #expect(read == value)
    #expect(read.canonical == value.canonical)
  }

  @Test func `Truth values and numbers are not taken for each other`() throws {
    let value = try parse(#"{"one": 1, "zero": 0, "true": true, "text": "1"}"#)
    #expect(value["one"] == 1 && value["zero"] == 0 && value["true"] == true && value["text"] == "1")
    #expect(value["one"]?.bool == nil && value["true"]?.double == nil && value["text"]?.int == nil)
    #expect(value["one"]?.int == 1 && JSON.number(1.5).int == nil && value["none"] == nil)
  }

  @Test(arguments: [
    "", "{", "[1", "{\"a\" 1}", "nul", "'a'", "{a:1}", "[1] 2", "\"\u{1}\"", "1e999", "NaN", "01",
  ])
  func `What is no JSON is refused with its subject`(text: String) {
    let failure = failure { try parse(text) }
    #expect(failure?.status == .badData, "\(text)")
    #expect(failure?.subject == "test")
  }

  @Test func `Nesting without end is refused`() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(failure { try parse(deep + String(repeating: "]", count: 100_000)) } != nil)
  }
}
