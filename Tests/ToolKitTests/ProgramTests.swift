import Testing

@testable import ToolKit

/// Tools that are installed under other names.
@Suite struct ProgramTests {
  @Test(arguments: [
    ("train", ""), ("/usr/bin/train", ""), ("/usr/bin/rote-train", "rote-"), ("./x/rote-fetch-data", "rote-"),
    ("", ""), ("swiftpm-testing-helper", ""), ("/train/", ""),
  ])
  func `What stands before a tool's name is the prefix`(path: String, prefix: String) {
    #expect(Program.prefix(of: path) == prefix)
  }

  @Test func `Examples of help start the tools by their installed names, and prose stays`() {
    let text = """
      train on the runs | train

        fetch-data sprites | train - --runs 0:10 && report check train.h5
        for s in 0.1; do
          train data.h5 -o train
      """
    #expect(Program.text(text, prefix: "") == text)
    #expect(
      Program.text(text, prefix: "my-") == """
        train on the runs | train

          my-fetch-data sprites | my-train - --runs 0:10 && my-report check train.h5
          for s in 0.1; do
            my-train data.h5 -o train
        """)
  }
}
