import CPictures
import CZlib

/// What pixels and archives go through, with versions; TurboJPEG does not tell its own.
public var decodingLibraries: [String] {
  ["zlib \(String(cString: zlibVersion()))", "libpng \(String(cString: rote_png_version()))"]
}

/// What a reader wants to know of a set before fetching it.
public struct CatalogueEntry: Sendable {
  /// The name on the command line.
  public let name: String
  public let title: String
  /// Training and test examples, in words.
  public let examples: String
  public let classes: String
  /// Height x width.
  public let size: String
  /// Licence or terms, as published.
  public let terms: String
  /// The paper or page to cite.
  public let reference: String
  /// What is fetched when nothing is given by `--from`.
  public let files: [PublishedFile]
}

/// All sets that can be read.
public let catalogue: [CatalogueEntry] = [
  CatalogueEntry(
    name: "cifar10", title: "CIFAR-10", examples: "50,000 + 10,000", classes: "10", size: "32x32",
    terms: "none published; cite the report", reference: "https://www.cs.toronto.edu/~kriz/cifar.html",
    files: [CifarSet.cifar10.publishedFile]),
  CatalogueEntry(
    name: "cifar100", title: "CIFAR-100", examples: "50,000 + 10,000", classes: "100, in 20 superclasses",
    size: "32x32", terms: "none published; cite the report",
    reference: "https://www.cs.toronto.edu/~kriz/cifar.html", files: [CifarSet.cifar100.publishedFile]),
  CatalogueEntry(
    name: "svhn", title: "SVHN, cropped digits", examples: "73,257 + 26,032; 531,131 extra", classes: "10",
    size: "32x32", terms: "for non-commercial use only",
    reference: "http://ufldl.stanford.edu/housenumbers", files: Svhn.publishedFiles),
  CatalogueEntry(
    name: "tiny-imagenet", title: "Tiny-ImageNet-200", examples: "100,000 + 10,000", classes: "200",
    size: "64x64", terms: "as ImageNet's: non-commercial research and education",
    reference: "http://cs231n.stanford.edu", files: [TinyImageNet.publishedFile]),
  CatalogueEntry(
    name: "fashion-mnist", title: "Fashion-MNIST", examples: "60,000 + 10,000", classes: "10",
    size: "28x28 grey, padded to 32x32", terms: "MIT",
    reference: "https://github.com/zalandoresearch/fashion-mnist", files: FashionMnist.publishedFiles),
  CatalogueEntry(
    name: "folder", title: "a folder or zip archive of your own, with a folder a class", examples: "any",
    classes: "any", size: "as you choose", terms: "yours", reference: "fetch-data folder --help", files: []),
  CatalogueEntry(
    name: "sprites", title: "generated, with known truth", examples: "2,000 + 1,700, or more", classes: "10",
    size: "32x32", terms: "none needed", reference: "docs/methods.md", files: []),
]
