import Foundation
import Testing

@testable import ImageSets

@Suite struct MatTests {
  @Test func `Variables of SciPy's, libmatio's and big-endian files are those that SciPy and libmatio find`() throws {
    let fixtures = try MatFixtures()
    #expect(fixtures.variables.count > 50)
    var kinds: Set<MatVariable.Kind> = []
    for expected in fixtures.variables {
      let file = try MatFile(path: MatFixtures.path(expected.file))
      let variable = try file.variable(expected.name)
      #expect("\(variable.kind)" == expected.kind && variable.dimensions == expected.dimensions)
      #expect(file.isBigEndian == expected.file.contains("big"))
      for pieces in [1, 4, 100] {
        let found = try numbers(expected.name, in: file.file.path, pieces: pieces)
        #expect(found == expected.values, "\(expected.file) \(expected.name)")
      }
      kinds.insert(variable.kind)
    }
    // Every class of numbers was among them.
    #expect(kinds == [.double, .single, .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64])
  }

  @Test(arguments: MatFixtures.sets)
  func `The bytes of images are those that SciPy and libmatio find, whatever the pieces`(_ name: String) throws {
    let images = try MatFixtures().images
    let file = try MatFile(path: MatFixtures.path(name))
    let variable = try file.variable("X")
    #expect(variable.isCompressed == !name.contains("plain"))
    let count = variable.dimensions.dropFirst(3).first ?? 1
    #expect(variable.dimensions.prefix(3) == [32, 32, 3] && count > 0)
    // From (image, y, x, channel) to the first dimension fastest.
    let expected = (0..<count * 3072).map { place in
      let (image, channel, x, y) = (place / 3072, place / 1024 % 3, place / 32 % 32, place % 32)
      return images[((image * 32 + y) * 32 + x) * 3 + channel]
    }
    for pieces in [1, 1000, 3072, 100_000] {
      let reader = try MatNumbers(variable, of: file)
      #expect(reader.count == expected.count)
      var found: [UInt8] = []
      while true {
        let piece = try [UInt8](unsafeUninitializedCapacity: pieces) { $1 = try reader.read(into: $0) }
        if piece.isEmpty { break }
        found += piece
      }
      #expect(found == expected)
    }
  }

  @Test func `Variables of other kinds are listed and passed over`() throws {
    for name in ["extra-compressed.mat", "extra-plain.mat"] {
      let file = try MatFile(path: MatFixtures.path(name))
      let found = Dictionary(uniqueKeysWithValues: file.variables.map { ($0.name, $0.kind) })
      #expect(
        found == [
          "text": .characters, "cells": .cell, "flag": .uint8, "fields": .structure, "sparse": .sparse,
          "complex": .double, "empty": .double, "records": .structure, "X": .uint8, "y": .int32,
        ])
      #expect(try file.variable("complex").isComplex && !file.variable("X").isComplex)
    }
  }

  @Test func `Opaque objects and functions, which have heads of their own, are passed over`() throws {
    let scratch = try Scratch()
    for bigEndian in [false, true] {
      var opaque = MatArray("", [], [1])
      opaque.kind = 17
      opaque.head = { matElement(1, Array("table".utf8), $0) + matElement(1, Array("MCOS".utf8), $0) }
      var function = MatArray("f", [1, 1], [1, 2, 3])
      function.kind = 16
      let path = try scratch.write(
        mat([opaque, function, MatArray("y", [2, 1], [3, 4])], bigEndian: bigEndian), "a.mat")
      #expect(try MatFile(path: path).variables.map(\.kind) == [.opaque, .function, .uint8])
      #expect(try MatFile(path: path).variables.map(\.name) == ["table", "f", "y"])
      #expect(try numbers("y", in: path) == [3, 4])
    }
  }

  @Test func `A witness is told of every byte of a variable, in its order`() throws {
    for name in MatFixtures.sets {
      let file = try MatFile(path: MatFixtures.path(name))
      let variable = try file.variable("X")
      let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: MatFixtures.path(name))))
      var seen: [UInt8] = []
      let reader = try MatNumbers(variable, of: file) { bytes, offset in
        #expect(offset == variable.range.lowerBound + seen.count)
        seen += Array(bytes)
      }
      while try !reader.read(500).isEmpty {}
      #expect(seen == Array(whole[variable.range]))
    }
  }
}
