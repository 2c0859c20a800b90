import ImageSets
import Testing

@Suite struct GivenLabelsTests {
  let grey = GreySet(train: [0, 1, 2, 0, 1, 2], classes: 3)
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  func labels(_ text: String, selection: Selection = Selection()) throws -> [Int32] {
    let path = try scratch.write(Array(text.utf8), "labels.txt")
    return try whole(
      try PreparedSet(grey, selection: selection, change: .given(GivenLabels(path: path))), .train
    ).label
  }

  func failure(_ text: String, selection: Selection = Selection()) -> String {
    do {
      return "no error: \(try labels(text, selection: selection))"
    } catch let error as ImageSetError {
      #expect(error.kind == .data)
      return error.description.replacing(scratch.path + "/", with: "")
    } catch { return "\(error)" }
  }

  @Test func `One column has the labels of all examples, by name or number`() throws {
    #expect(try labels("2\n2\n1\n0\n0\n1\n") == [2, 2, 1, 0, 0, 1])
    #expect(try labels("label\r\nc\r\nc\r\nb\r\na\r\na\r\n1") == [2, 2, 1, 0, 0, 1])
    #expect(try labels("2\n2\n1\n0\n0\n1\n", selection: Selection(train: 1..<4)) == [2, 1, 0])
  }

  @Test func `Two columns have the labels of some, in any order, and the others keep theirs`() throws {
    #expect(try labels("5,0\n1,c\n") == [0, 2, 2, 0, 1, 0])
    #expect(try labels("example\tlabel\n5\ta\n1\t2\n") == [0, 2, 2, 0, 1, 0])
  }

  @Test func `Labels are those of the published classes, whichever are kept`() throws {
    let classes = Selection(classes: ["b", "c"])
    // Examples 1, 2, 4 and 5 are kept; 1 and 2 are b and c, the new classes 0 and 1.
    #expect(try labels("0\n2\n2\n0\n1\nn1\n", selection: classes) == [1, 1, 0, 0])
    #expect(try labels("a\nc\nc\na\nb\nb\n", selection: classes) == [1, 1, 0, 0])
    // At an example that was left out any class may stand, at one that is kept only those.
    let text = failure("b\nc\nc\nc\na\nb\n", selection: classes)
    #expect(text == "labels.txt: line 5: has label a, a class that is left out; keep it, or leave the example out")
  }

  @Test func `Files that do not fit are named with the line`() throws {
    #expect(failure("1\n2\n").hasPrefix("labels.txt: has 2 labels, and the set 6 training examples;"))
    #expect(failure("").hasPrefix("labels.txt: holds no labels;"))
    #expect(failure("label\n").hasPrefix("labels.txt: holds no labels;"))
    #expect(failure("0\n1\n2\n0\n1\n3\n").hasPrefix("labels.txt: line 6: has label 3, which is no class;"))
    #expect(failure("0\n1\n2\n0\n1\n-1\n").hasPrefix("labels.txt: line 6: has label -1, which is no class;"))
    #expect(failure("1,2\n6,0\n").hasPrefix("labels.txt: line 2: names example 6; name examples of 0 to 5"))
    #expect(failure("1,2\n1,0\n").hasPrefix("labels.txt: line 2: names example 1 again;"))
    #expect(failure("1,2\n3\n").hasPrefix("labels.txt: line 2: has no position and label"))
    #expect(failure("1,2\n99999999999999999999,0\n").hasPrefix("labels.txt: line 2: has no position and label"))
  }
}
