import Networks
import Testing
import ToolKit
import Training

@Suite struct BatchLimitsTests {
  /// ResNet-8 halves an image twice: of one of 4 x 4 its last batch-norms see a single pixel.
  private func plan(_ architecture: String, side: Int) throws -> Plan {
    try Architecture(architecture).plan(image: Shape(channels: 3, height: side, width: side), classes: 10)
  }

  private func problem(_ plan: Plan, batch: Int, subsets: Set<Int>) throws -> String? {
    var recipe = Recipe.quick
    recipe.batchSize = batch
    do {
      try recipe.checkBatches(of: plan, subsets: subsets)
      return nil
    } catch let failure as Failure {
      #expect(failure.status == .usage)
      return failure.description
    }
  }

  @Test func `A batch that the smallest subset cannot fill is refused`() throws {
    let plan = try plan("mlp", side: 8)
    #expect(try problem(plan, batch: 100, subsets: [101, 100]) == nil)
    let text = try #require(try problem(plan, batch: 100, subsets: [101, 99]))
    #expect(text.hasPrefix("a batch of 100 is larger than a subset of 99 examples"))
  }

  @Test func `A batch-norm of one pixel refuses a batch of one and names the nearest size that leaves none`() throws {
    let plan = try plan("resnet-8", side: 4)
    #expect(try problem(plan, batch: 64, subsets: [128, 130]) == nil)
    // 129 = 2 x 64 + 1 = 2 x 63 + 3.
    let text = try #require(try problem(plan, batch: 64, subsets: [129]))
    #expect(text.contains("a subset of 129 examples in batches of 64 leaves a batch of one"))
    #expect(text.hasSuffix("give --batch-size 63"))
    // 127 = 2 x 63 + 1, so that 63 is none; 65 leaves 64 and 62.
    #expect(try problem(plan, batch: 64, subsets: [129, 127])?.hasSuffix("give --batch-size 65") == true)
    // 1 is a batch of one itself; 2 leaves none of 4.
    #expect(try problem(plan, batch: 1, subsets: [4])?.hasSuffix("give --batch-size 2") == true)
    #expect(try problem(plan, batch: 1, subsets: [1])?.hasSuffix("train on other subsets") == true)
  }

  @Test func `A batch of one is fine over more pixels, and without batch-norm`() throws {
    for plan in [try plan("resnet-8", side: 8), try plan("mlp", side: 4)] {
      #expect(try problem(plan, batch: 64, subsets: [129]) == nil)
      #expect(try problem(plan, batch: 1, subsets: [129]) == nil)
    }
  }

  @Test(arguments: MaskScheme.allCases)
  func `The sizes of subsets are those of all runs`(scheme: MaskScheme) throws {
    let masks = try Masks(scheme: scheme, ratio: 0.7, seed: 3, examples: 57)
    for runs in [0..<1, 0..<7, 3..<25] {
      let sizes = runs.map { run in masks.mask(run: run).reduce(0) { $0 + Int($1) } }
      #expect(masks.sizes(of: runs) == Set(sizes))
      // Of 57 examples every third: 19 of them, in subsets by no pattern that blocks have.
      let exclusion = Exclusion(flags: (0..<57).map { $0 % 3 == 0 ? 1 : 0 }, json: nil)
      let without = runs.map { run in
        zip(masks.mask(run: run), exclusion.flags).count { $0 == 1 && $1 == 0 }
      }
      #expect(masks.sizes(of: runs, without: exclusion) == Set(without))
    }
  }
}
