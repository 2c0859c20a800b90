/// What the published binary archive of a CIFAR set holds.
///
/// - Source: Krizhevsky 2009, "Learning multiple layers of features from tiny images";
///   https://www.cs.toronto.edu/~kriz/cifar.html.
struct CifarLayout: Sendable {
  struct Member: Sendable {
    let name: String
    let split: Split
    let records: Int
    let md5: String
  }

  let published: PublishedFile
  /// The folder that the archive unpacks to.
  let folder: String
  /// In published order, train before test.
  let members: [Member]
  /// The member with the names of the classes, a line each.
  let classFile: String
  let classes: [String]
  /// The names of the coarse classes, whose byte stands before that of the label; empty where there is none.
  let coarseClasses: [String]

  static let side = 32
  static let planes = 3
  static let pixelBytes = side * side * planes

  var labelBytes: Int { coarseClasses.isEmpty ? 1 : 2 }
  var recordBytes: Int { labelBytes + Self.pixelBytes }
}

extension CifarSet {
  public var publishedFile: PublishedFile { layout.published }

  var layout: CifarLayout {
    switch self {
    case .cifar10:
      CifarLayout(
        published: PublishedFile(
          address: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", bytes: 170_052_171,
          md5: "c32a1d4ab5d03f1284b67883e8d87530"),
        folder: "cifar-10-batches-bin",
        members: [
          .init(
            name: "data_batch_1.bin", split: .train, records: 10_000,
            md5: "5dd7e06a14cb22eb9f671a540d1b7c25"),
          .init(
            name: "data_batch_2.bin", split: .train, records: 10_000,
            md5: "5ea93a67294ea407fff1d09f752e9692"),
          .init(
            name: "data_batch_3.bin", split: .train, records: 10_000,
            md5: "942cd6a4bcdd0dd3c604fbe906cb4421"),
          .init(
            name: "data_batch_4.bin", split: .train, records: 10_000,
            md5: "ae636b3ba5c66a11e91e8cb52e771fcb"),
          .init(
            name: "data_batch_5.bin", split: .train, records: 10_000,
            md5: "53f37980c15c3d472c316c40844f3f0d"),
          .init(
            name: "test_batch.bin", split: .test, records: 10_000,
            md5: "803d5f7f4d78ea53de84dbe85f74fb6d"),
        ],
        classFile: "batches.meta.txt",
        classes: words("airplane automobile bird cat deer dog frog horse ship truck"),
        coarseClasses: [])
    case .cifar100:
      CifarLayout(
        published: PublishedFile(
          address: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz", bytes: 168_513_733,
          md5: "03b5dce01913d631647c71ecec9e9cb8"),
        folder: "cifar-100-binary",
        members: [
          .init(
            name: "train.bin", split: .train, records: 50_000, md5: "6172c7755cfe09b2fe270c85cebc1b15"),
          .init(name: "test.bin", split: .test, records: 10_000, md5: "4499cfba6c016c1be1438163640a0898"),
        ],
        classFile: "fine_label_names.txt",
        classes: words(
          """
          apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
          butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach
          couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster
          house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree
          motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear
          pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket
          rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
          sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip
          turtle wardrobe whale willow_tree wolf woman worm
          """),
        coarseClasses: words(
          """
          aquatic_mammals fish flowers food_containers fruit_and_vegetables
          household_electrical_devices household_furniture insects large_carnivores
          large_man-made_outdoor_things large_natural_outdoor_scenes
          large_omnivores_and_herbivores medium_mammals non-insect_invertebrates people reptiles
          small_mammals trees vehicles_1 vehicles_2
          """))
    }
  }
}

private func words(_ text: String) -> [String] {
  text.split { $0 == " " || $0 == "\n" }.map(String.init)
}
