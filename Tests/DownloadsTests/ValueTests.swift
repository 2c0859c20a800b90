import Testing

@testable import Downloads

@Suite struct ValueTests {
  @Test func `A checksum prints as it is read, in lower case`() {
    let md5 = "md5:c32a1d4ab5d03f1284b67883e8d87530"
    #expect(Checksum(md5)?.description == md5)
    #expect(Checksum(md5)?.algorithm == .md5)
    #expect(Checksum("md5:C32A1D4AB5D03F1284B67883E8D87530") == Checksum(md5))
    let sha256 = "sha256:" + String(repeating: "0123456789abcdef", count: 4)
    #expect(Checksum(sha256)?.description == sha256)
    #expect(Checksum(sha256)?.algorithm == .sha256)
  }

  @Test(arguments: [
    "", "md5:", "c32a1d4ab5d03f1284b67883e8d87530", "md5:c32a1d4ab5d03f1284b67883e8d8753",
    "md5:c32a1d4ab5d03f1284b67883e8d875301", "sha256:c32a1d4ab5d03f1284b67883e8d87530",
    "MD5:c32a1d4ab5d03f1284b67883e8d87530", "md5:c32a1d4ab5d03f1284b67883e8d8753g",
    "md5:c32a1d4ab5d03f1284b67883e8d87530:", "md5: 32a1d4ab5d03f1284b67883e8d87530",
    "md5:c32a1d4ab5d03f1284b67883e8d8753٣",
  ])
  func `What is no checksum is refused`(text: String) {
    #expect(Checksum(text) == nil)
  }

  @Test(arguments: [
    ("https://host/a/b.zip", "https://host/a/b.zip"),
    ("https://user:password@host:80/a@2/b?token=1#x", "https://host:80/a@2/b"),
    ("https://user@with@host?a", "https://host"),
    ("user:password@host/a", "host/a"),
    ("https://host/?u=x@y", "https://host/"),
    ("http://[::1]/a", "http://[::1]/a"),
    ("http://u:p@[::1]:80/a", "http://[::1]:80/a"),
    // Passwords that should have been escaped.
    ("http://user:pass/word@host/", "http://..."),
    ("http://user:pass?word@host/", "http://..."),
    ("", ""),
  ])
  func `An address is shown without what may be secret`(url: String, expected: String) {
    #expect(shown(url) == expected)
  }

  @Test func `The range that a server sends is read`() {
    func range(_ text: String) -> [Int?]? { ContentRange(headerLine: text).map { [$0.start, $0.total] } }
    #expect(range("Content-Range: bytes 5-9/10\r\n") == [5, 10])
    #expect(range("content-range:BYTES 5-9/*") == [5, nil])
    #expect(range("Content-Range: bytes */10") == [nil, 10])
    for line in [
      "", "Content-Length: 5", "Content-Range: 5-9/10", "Content-Range: items 5-9/10", "Content-Range: bytes 5-9",
      "Content-Range: bytes /", "Content-Range:",
    ] {
      #expect(range(line) == nil, "\(line)")
    }
    #expect(range("Content-Range: bytes 99999999999999999999-/99999999999999999999") == [nil, nil])
    #expect(range("Content-Range: bytes -5-9/-9223372036854775808") == [nil, nil])
    #expect(range("Content-Range: bytes +5-9/+10") == [nil, nil])
  }
}
