import ImageSets

/// The catalogue as text: a paragraph a set.
func listing() -> String {
  catalogue.map { entry in
    """
    \(entry.name)
      \(entry.title): \(entry.examples) images, \(entry.size), classes: \(entry.classes)
      terms: \(entry.terms)
      see: \(entry.reference)

    """ + entry.files.map { "  from: \($0.address)\($0.bytes.map { ", \(grouped($0)) bytes" } ?? "")\n" }.joined()
  }.joined(separator: "\n")
}

/// A whole number with its digits in threes.
func grouped(_ number: Int) -> String {
  let digits = Array(String(number))
  return String(
    digits.enumerated().flatMap { index, digit in
      index > 0 && (digits.count - index) % 3 == 0 ? [",", digit] : [digit]
    })
}
