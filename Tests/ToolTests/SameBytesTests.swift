import Testing

/// Same inputs and options, same bytes, however the work is done.
@Suite struct SameBytesTests {
  @Test(arguments: [
    ("sprites.h5", "fetch-data sprites --train 0:300 --test 0:100"),
    ("runs.h5", "train sprites.h5 \(Fixtures.quick) --runs 0:10"),
    ("students.h5", "distill sprites.h5 runs.h5 \(Fixtures.quick) --runs 0:10"),
    ("scores.h5", "score memorisation runs.h5 students.h5"),
    ("alignment.h5", "align sprites.h5 runs.h5"),
  ])
  func `A second run gives the bytes of the first, to a file and to a pipe`(name: String, command: String) throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5", "students.h5", name])
    try scratch.succeed("\(command) -o again.h5; \(command) | cat > piped.h5")
    #expect(scratch.areEqual(name, "again.h5"))
    #expect(scratch.areEqual(name, "piped.h5"))
  }

  /// With one run the cores become threads within it; with several, runs side by side.
  @Test(arguments: ["0:1", "0:5"], ["mlp width=32", "resnet-8 width=0.25"])
  func `The number of cores does not show`(runs: String, architecture: String) throws {
    let scratch = try Scratch()
    // Batches of 40 and a short one: three shards of at most 16 examples, so that threads have something to share.
    let options =
      "--architecture '\(architecture)' --epochs 1 --runs \(runs) --batch-size 40 --dynamics evaluation"
    try scratch.succeed(
      """
      fetch-data sprites --train 0:150 --test 0:50 -o sprites.h5
      for j in 1 2 3; do
        train sprites.h5 \(options) -j $j -o runs$j.h5
        distill sprites.h5 runs$j.h5 \(options) -j $j -o students$j.h5
        align sprites.h5 runs$j.h5 -j $j -o alignment$j.h5
      done
      """)
    for name in ["runs", "students", "alignment"] {
      #expect(scratch.areEqual("\(name)1.h5", "\(name)2.h5"))
      #expect(scratch.areEqual("\(name)1.h5", "\(name)3.h5"))
    }
  }

  @Test func `A run alone is the run among others`() throws {
    let scratch = try Scratch(with: ["sprites.h5", "runs.h5", "students.h5"])
    try scratch.succeed(
      """
      train sprites.h5 \(Fixtures.quick) --runs 3:4 -o alone.h5
      distill sprites.h5 alone.h5 \(Fixtures.quick) --runs 3:4 -o student.h5
      """)
    #expect(try row(0, of: scratch.path("alone.h5")) == row(3, of: scratch.path("runs.h5")))
    #expect(try row(0, of: scratch.path("student.h5")) == row(3, of: scratch.path("students.h5")))
    // The comparison can fail.
    #expect(try row(0, of: scratch.path("alone.h5")) != row(4, of: scratch.path("runs.h5")))
  }

  @Test func `A block, told by Slurm too, is its ten runs, and a lone number one run`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    try scratch.succeed(
      """
      train sprites.h5 \(Fixtures.quick) --runs 10:20 -o range.h5
      train sprites.h5 \(Fixtures.quick) --block 1 -o block.h5
      SLURM_ARRAY_TASK_ID=1 train sprites.h5 \(Fixtures.quick) --block slurm -o task.h5
      train sprites.h5 \(Fixtures.quick) --runs 0:12 --block 1 -o rest.h5
      train sprites.h5 \(Fixtures.quick) --runs 10:12 -o two.h5
      train sprites.h5 \(Fixtures.quick) --runs 11 -o one.h5
      distill sprites.h5 range.h5 \(Fixtures.quick) --runs 10:20 -o student-range.h5
      distill sprites.h5 range.h5 \(Fixtures.quick) --block 1 -o student-block.h5
      """)
    #expect(scratch.areEqual("range.h5", "block.h5"))
    #expect(scratch.areEqual("range.h5", "task.h5"))
    #expect(scratch.areEqual("two.h5", "rest.h5"))
    #expect(scratch.areEqual("student-range.h5", "student-block.h5"))
    #expect(try row(0, of: scratch.path("one.h5")) == row(1, of: scratch.path("range.h5")))
    let outcome = try scratch.shell("train sprites.h5 \(Fixtures.quick) --block slurm -o none.h5")
    #expect(outcome.status == 64)
    #expect(
      outcome.lines == [
        "train: --block slurm finds no SLURM_ARRAY_TASK_ID; start it as a task of an array (sbatch --array), or give a number"
      ])
    #expect(!scratch.exists("none.h5"))
  }

  @Test func `Twenty runs at once and ten and ten more are the same to all that reads them`() throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    try scratch.succeed(
      """
      train sprites.h5 \(Fixtures.quick) --runs 0:20 -o all.h5
      train sprites.h5 \(Fixtures.quick) --runs 0:10 -o first.h5
      train sprites.h5 \(Fixtures.quick) --runs 10:20 -o second.h5
      for command in 'score memorisation' 'align sprites.h5' "distill sprites.h5 \(Fixtures.quick) --runs 8:12"; do
        tool=${command%% *}
        eval "$command all.h5 -o $tool-all.h5; $command second.h5 first.h5 -o $tool-parts.h5"
      done
      """)
    for tool in ["score", "align", "distill"] { #expect(scratch.areEqual("\(tool)-all.h5", "\(tool)-parts.h5")) }
    for run in [0, 9, 10, 19] {
      let part = scratch.path(run < 10 ? "first.h5" : "second.h5")
      #expect(try row(run, of: scratch.path("all.h5")) == row(run % 10, of: part))
    }
  }

  @Test(arguments: ["avx512", "avx2", "portable"])
  func `Each instruction set gives its own bytes again`(name: String) throws {
    let scratch = try Scratch(with: ["sprites.h5"])
    let environment = ["ROTE_ISA": name]
    // What the machine lacks is refused, which another test holds.
    guard try scratch.shell("train --version", environment: environment).text.contains(name) else { return }
    let options = "--architecture 'resnet-8 width=0.25' --epochs 1 --batch-size 40 --runs 0:2"
    try scratch.succeed(
      "for j in 1 2; do train sprites.h5 \(options) -j $j | tee runs$j.h5 | align sprites.h5 - -j $j -o a$j.h5; done",
      environment: environment)
    #expect(scratch.areEqual("runs1.h5", "runs2.h5"))
    #expect(scratch.areEqual("a1.h5", "a2.h5"))
  }

  @Test(arguments: [CifarFiles.cifar10, .cifar100])
  func `An archive, its folder and its files are the same data set`(files: CifarFiles) throws {
    let scratch = try Scratch()
    try files.write(to: scratch)
    let fetch = "fetch-data \(files.command) --no-verify --from"
    try scratch.succeed(
      """
      tar cf plain.tar \(files.folder); tar czf packed.tar.gz \(files.folder)
      \(fetch) \(files.folder) -o folder.h5
      \(fetch) packed.tar.gz -o packed.h5
      \(fetch) plain.tar -o plain.h5
      \(fetch) $(ls -r \(files.folder)/*) -o files.h5
      \(fetch) packed.tar.gz > piped.h5
      """)
    for name in ["packed", "plain", "files", "piped"] {
      #expect(scratch.areEqual("folder.h5", "\(name).h5"), "\(name)")
    }
  }
}
