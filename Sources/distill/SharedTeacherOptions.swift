import ArgumentParser
import Artefacts
import ToolKit
import Training

/// One teacher for all students, and the subsets that they are trained on then.
struct SharedTeacherOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Let this run teach all students, for comparison. Their subsets are drawn as train draws them, so that what is left \
      out of a student's may have been in its teacher's.
      """, valueName: "run"))
  var sharedTeacher: Int?

  @Option(
    help: ArgumentHelp(
      "With --shared-teacher: share of the training examples in a student's subset; \(Masks.usual.ratio) if not given.",
      valueName: "share"))
  var subset: Double?

  @Option(
    help: ArgumentHelp(
      "With --shared-teacher: how subsets are drawn, \(Masks.usual.scheme.rawValue), the default, or independent.",
      valueName: "scheme"))
  var masks: MaskScheme?

  @Option(help: "With --shared-teacher: seed of the subsets; --seed where it is not given.")
  var maskSeed: UInt64?

  func validate() throws {
    guard sharedTeacher != nil || (subset == nil && masks == nil && maskSeed == nil) else {
      throw ValidationError(
        "--subset, --masks and --mask-seed go with --shared-teacher; else students have their teachers' subsets")
    }
  }

  /// The students' subsets; nil where they are their teachers'.
  func resolved(_ dataset: ImageDataset, seed: UInt64) throws -> Masks? {
    guard sharedTeacher != nil else { return nil }
    return try Masks.of(
      dataset, scheme: masks ?? Masks.usual.scheme, ratio: subset ?? Masks.usual.ratio, seed: maskSeed ?? seed)
  }
}
