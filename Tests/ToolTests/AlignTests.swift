import Artefacts
import HDF5
import TestSupport
import Testing
import ToolKit

/// `align` as a shell drives it.
@Suite struct AlignTests {
  private static let network = "--architecture 'resnet-8 width=0.25' --epochs 2 --batch-size 16"

  private func trained() throws -> Scratch {
    let scratch = try Scratch()
    try scratch.succeed(
      """
      fetch-data sprites --train 0:90 --test 0:20 -o data.h5
      train data.h5 \(Self.network) --runs 0:3 --snapshots 0,1 --keep checkpoint -o runs.h5
      """)
    return scratch
  }

  private func values(_ scratch: Scratch, _ file: String, _ path: String) throws -> [Float] {
    try File.open(scratch.path(file)).dataset(path).read(Float.self)
  }

  @Test func `Every tensor has its alignment, and cores change no byte`() throws {
    let scratch = try trained()
    for options in [
      "", "--over all --tensors representations", "--minibatch 32 --seed 3", "--minibatch 7 --tensors logits",
    ] {
      try scratch.succeed(
        """
        align data.h5 runs.h5 \(options) -j 1 -o a.h5
        align runs.h5 data.h5 \(options) -j 2 -o b.h5
        """)
      #expect(scratch.areEqual("a.h5", "b.h5"), "\(options)")
    }
    try scratch.succeed("align data.h5 runs.h5 -o whole.h5; report check -v data.h5 runs.h5 whole.h5")
    let file = try Alignment(ArtefactReader(Input(scratch.path("whole.h5"))))
    #expect(file.tensors.first == "conv1.weight" && file.tensors.contains("fc.bias"))
    #expect(file.tensors.suffix(2).first == "all parameters" && file.tensors.contains("logits"))
    #expect(file.snapshots == [0, 1, 2] && file.runs == [0, 1, 2])
    #expect(file.meanInClass.allSatisfy { !$0.isNaN && $0 <= 1.0001 })
    for path in ["/stiffness/all", "/confusion/all"] {
      #expect(try !File.open(scratch.path("whole.h5")).has(path))
    }
  }

  @Test func `Runs, snapshots and tensors are chosen, and give what they give among the others`() throws {
    let scratch = try trained()
    try scratch.succeed(
      """
      align data.h5 runs.h5 -o all.h5
      align data.h5 runs.h5 --runs 1:2 --snapshots 2,0 --tensors 'logits,fc.weight,all parameters' -o some.h5
      """)
    let some = try Alignment(ArtefactReader(Input(scratch.path("some.h5"))))
    #expect(some.runs == [1] && some.snapshots == [0, 2] && some.tensors == ["fc.weight", "logits", "all parameters"])
    let all = try Alignment(ArtefactReader(Input(scratch.path("all.h5"))))
    for (s, snapshot) in [0, 2].enumerated() {
      for (t, name) in some.tensors.enumerated() {
        let place = try #require(all.tensors.firstIndex(of: name))
        #expect(some.all[s * 3 + t] == all.all[(3 + snapshot) * all.tensors.count + place], "\(name)")
      }
    }
  }

  @Test func `Of some classes there is what they have among all`() throws {
    let scratch = try trained()
    try scratch.succeed("align data.h5 runs.h5 --tensors logits -o all.h5")
    let all = try Alignment(ArtefactReader(Input(scratch.path("all.h5"))))
    let chosen = [all.classes[7], all.classes[2]]
    try scratch.succeed("align data.h5 runs.h5 --tensors logits --classes \(chosen.joined(separator: ",")) -o some.h5")
    let some = try Alignment(ArtefactReader(Input(scratch.path("some.h5"))))
    #expect(some.classes == [all.classes[2], all.classes[7]])
    #expect(some.scope == "the run's own subset of 2 of the 10 classes")
    let (whole, part) = (
      try values(scratch, "all.h5", "/alignment/in_class"), try values(scratch, "some.h5", "/alignment/in_class")
    )
    #expect(part.count == 18 && whole.count == 90)
    for i in 0..<9 { #expect(part[2 * i] == whole[10 * i + 2] && part[2 * i + 1] == whole[10 * i + 7]) }
    #expect(try values(scratch, "some.h5", "/alignment/all") != values(scratch, "all.h5", "/alignment/all"))
    try scratch.succeed("report check data.h5 runs.h5 some.h5; report some.h5 data.h5 -q; report runs.h5 some.h5 -q")
  }

  @Test func `Batch-norm takes the statistics of minibatches where it is told to`() throws {
    let scratch = try trained()
    try scratch.succeed(
      """
      align data.h5 runs.h5 --minibatch 32 --batch-norm training -j 1 -o a.h5
      align data.h5 runs.h5 --minibatch 32 --batch-norm training -j 2 -o b.h5
      align data.h5 runs.h5 --minibatch 32 --tensors logits,representation -o c.h5
      """)
    #expect(scratch.areEqual("a.h5", "b.h5"))
    let files = try ["a.h5", "c.h5"].map { try Alignment(ArtefactReader(Input(scratch.path($0)))) }
    #expect(files[0].tensors == files[1].tensors && files[0].all != files[1].all)
    #expect(files[0].scope.hasSuffix("in minibatches of 32, batch-norm by their statistics"))
  }

  @Test func `Distances are from the initialisation, and norms relative to the tensor's`() throws {
    let scratch = try trained()
    try scratch.succeed("align data.h5 runs.h5 --tensors fc.weight,logits -o a.h5")
    let distance = try values(scratch, "a.h5", "/relative_distance")
    let state = try values(scratch, "runs.h5", "/checkpoint/parameter")
    let names = try ArtefactReader(Input(scratch.path("runs.h5"))).readText("/tensor")
    // The last two tensors are fc.weight and fc.bias, of 10 classes.
    #expect(names.suffix(2) == ["fc.weight", "fc.bias"])
    let (size, features) = (state.count / 9, 16)
    func weight(_ run: Int, _ snapshot: Int) -> [Double] {
      let end = (3 * run + snapshot + 1) * size - 10
      return state[end - 10 * features..<end].map(Double.init)
    }
    for run in 0..<3 {
      for snapshot in 0..<3 {
        let (now, first) = (weight(run, snapshot), weight(run, 0))
        let moved = zip(now, first).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        let expected = moved / first.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(Double(distance[(3 * run + snapshot) * 2]) - expected) < 1e-6)
      }
    }
    let norms = try values(scratch, "a.h5", "/relative_gradient_norm")
    #expect(norms.enumerated().allSatisfy { $0.offset % 2 == 0 ? $0.element > 0 : $0.element.isNaN })
  }

  @Test func `The loss is the run's own`() throws {
    let scratch = try Scratch()
    try scratch.succeed(
      """
      fetch-data sprites --train 0:60 --test 0:20 -o data.h5
      for loss in cross-entropy hinge squared; do
        train data.h5 --architecture 'mlp width=8' --epochs 1 --batch-size 20 --runs 0:1 --snapshots 0 --loss $loss -o $loss.h5
        align data.h5 $loss.h5 --snapshots 0 --tensors logits -o a-$loss.h5
      done
      """)
    // The same network before training: other gradients.
    let found = try ["cross-entropy", "hinge", "squared"].map { try values(scratch, "a-\($0).h5", "/alignment/all")[0] }
    #expect(Set(found).count == 3 && found.allSatisfy(\.isFinite))
  }

  @Test func `Two vectors have the measures of the closed form`() throws {
    let lines = try Scratch().succeed("align pairs --norm-ratios 1,3 --angles 0,90,180").text.split(separator: "\n")
    #expect(lines.first == "norm_ratio\tangle\talignment\tdiversity\tstiffness\tconfusion")
    #expect(
      lines.dropFirst().map(String.init) == [
        "1\t0\t1\t0.5\t1\t1", "1\t90\t0\t1\t0\t0", "1\t180\t-1\tinf\t-1\t-1",
        "3\t0\t0.75\t0.625\t1\t3", "3\t90\t0\t1\t0\t0", "3\t180\t-0.75\t2.5\t-1\t-3",
      ])
  }

  @Test func `Alignment before training is that of a run's first snapshot`() throws {
    let scratch = try Scratch()
    try scratch.succeed(
      """
      fetch-data sprites --train 0:60 --test 0:20 -o data.h5
      train data.h5 --architecture 'mlp width=8 activation=sin' --recipe extreme --batch-size 20 --first-layer-std 0.1 --epochs 1 \
        --epochs 1 --subset 1 --runs 0:2 --snapshots 0 -o runs.h5
      align data.h5 runs.h5 --snapshots 0 -o a.h5
      align init data.h5 --architecture 'mlp width=8 activation=sin' --sigmas 0.1,1 --runs 0:2 -o init.tsv
      align init - --architecture 'mlp width=8 activation=sin' --sigmas 0.1,1 --runs 0:2 -j 1 < data.h5 > again.tsv
      cmp init.tsv again.tsv
      """)
    let file = try Alignment(ArtefactReader(Input(scratch.path("a.h5"))))
    let lines = String(decoding: try scratch.bytes("init.tsv"), as: UTF8.self).split(separator: "\n")
      .map { $0.split(separator: "\t").map(String.init) }
    #expect(lines[0] == ["sigma", "run", "tensor", "in_class", "across_classes", "all"])
    #expect(lines.count == 1 + 2 * 2 * file.tensors.count)
    for run in 0..<2 {
      for (t, name) in file.tensors.enumerated() {
        let line = lines[1 + run * file.tensors.count + t]
        #expect(line[..<3] == ["0.1", "\(run)", name])
        #expect(abs(Float(line[3])! - file.meanInClass[run * file.tensors.count + t]) < 1e-6)
        #expect(abs(Float(line[5])! - file.all[run * file.tensors.count + t]) < 1e-6)
      }
    }
  }

  @Test func `Memory is what the network needs where nothing else is said, and batches depend on no cores`() throws {
    let scratch = try Scratch()
    // Five million weights take some 550 MB in gradients, momenta and sums in double.
    let command = "align init data.h5 --architecture 'mlp width=5000' --sigmas 0.1 --runs 0:1 --tensors fc2.weight"
    try scratch.succeed(
      """
      fetch-data sprites --train 0:40 --test 0:10 -o data.h5
      \(command) -j 1 -o a.tsv
      \(command) -j 2 -o b.tsv
      cmp a.tsv b.tsv
      """)
    let refused = try scratch.shell("\(command) --memory 384M -o c.tsv")
    #expect(refused.status == 64 && refused.errors.contains("--memory 384M is too little for mlp width=5000; give "))
  }

  @Test(.enabled(if: Machine.memory < 64 << 30, "the largest network takes some 90 GB"))
  func `A network that this machine has no memory for is refused in a line`() throws {
    let scratch = try Scratch()
    try scratch.succeed("fetch-data sprites --train 0:40 --test 0:10 -o data.h5")
    let outcome = try scratch.shell("align init data.h5 --architecture 'mlp width=1048576' -o a.tsv")
    #expect(outcome.status == 74 && outcome.lines.count == 1)
    #expect(outcome.errors.hasPrefix("align: mlp width=1048576 needs "))
    #expect(outcome.errors.contains("of memory, and this machine has "))
    #expect(outcome.errors.hasSuffix("; --tensors logits needs less\n"))
    #expect(try scratch.names() == ["data.h5"])
  }

  @Test(arguments: [
    ("align data.h5 runs.h5 --tensors conv9.weight", 64, "does not know 'conv9.weight' of resnet-8 width=0.25"),
    ("align data.h5 runs.h5 --snapshots 0,7", 64, "no snapshot of epoch '7'; they have 0,1,2"),
    ("align data.h5 runs.h5 --runs 5:9", 64, "the files have no runs 5:9"),
    ("align data.h5 runs.h5 --minibatch 1", 64, "--minibatch takes 2 examples or more"),
    ("align data.h5 runs.h5 --minibatch 64 --memory 1M", 64, "--memory 1M is too little for minibatches of 64"),
    ("align data.h5 runs.h5 --memory 1K", 64, "--memory 1K is too little for resnet-8 width=0.25; give "),
    ("align data.h5 runs.h5 --classes nothing", 64, "the data set has no class 'nothing'; it has "),
    ("align data.h5 runs.h5 --batch-norm training", 64, "give --minibatch, too"),
    (
      "align data.h5 runs.h5 --batch-norm training --minibatch 8 --tensors fc.weight", 64,
      "--batch-norm training has no gradients by parameters; choose --tensors logits,representations"
    ),
    ("align pairs --norm-ratios 0", 64, "numbers above 0"), ("align pairs --angles 1,,2", 64, "--angles"),
    ("align init data.h5 --sigmas=-1", 64, "numbers from 0 on"), ("align init runs.h5", 65, "runs.h5"),
    ("align init data.h5 --architecture mlpp", 64, "mlpp"),
  ])
  func `What cannot be is said in a line`(command: String, status: Int32, words: String) throws {
    let scratch = try AlignTests.shared.get()
    let outcome = try scratch.shell(command.hasPrefix("align pairs") ? command : "\(command) -o none.out")
    #expect(outcome.status == status, "\(command): \(outcome.errors)")
    #expect(outcome.lines.count == 1 && outcome.lines[0].contains(words), "\(outcome.lines)")
    #expect(try !scratch.names().contains("none.out"))
  }

  private static let shared = Result { try AlignTests().trained() }
}
