/// A page as a value: sections of paragraphs, tables, charts and images; `HTML`, `Markdown` and `json` render it.
public struct Page: Hashable, Sendable {
  public enum Block: Hashable, Sendable {
    case paragraph(String)
    case table(Table)
    case chart(Chart)
    case images(ImageGrid)

    /// Of tables, charts and images.
    public var name: String? {
      switch self {
      case .paragraph: nil
      case .table(let table): table.name
      case .chart(let chart): chart.name
      case .images(let grid): grid.name
      }
    }

    public var isTable: Bool { if case .table = self { true } else { false } }
  }

  public struct Section: Hashable, Sendable {
    public let heading: String
    public let blocks: [Block]

    public init(_ heading: String, _ blocks: [Block]) {
      self.heading = heading
      self.blocks = blocks
    }
  }

  /// The language of the text, as in RFC 5646.
  public let language: String
  public let title: String
  /// What the page is about, under its title.
  public let lead: String
  public let sections: [Section]
  /// Where the page comes from, at its foot.
  public let footer: String

  public init(
    language: String = "en-GB", title: String, lead: String = "", sections: [Section], footer: String = ""
  ) {
    self.language = language
    self.title = title
    self.lead = lead
    self.sections = sections
    self.footer = footer
  }

  /// The tables of all sections, in order.
  public var tables: [Table] {
    sections.flatMap(\.blocks).compactMap { if case .table(let table) = $0 { table } else { nil } }
  }

  /// The charts of all sections, in order.
  public var charts: [Chart] {
    sections.flatMap(\.blocks).compactMap { if case .chart(let chart) = $0 { chart } else { nil } }
  }

  /// The grids of images of all sections, in order.
  public var grids: [ImageGrid] {
    sections.flatMap(\.blocks).compactMap { if case .images(let grid) = $0 { grid } else { nil } }
  }

  /// The same page with other sections.
  public func with(_ sections: [Section]) -> Page {
    Page(language: language, title: title, lead: lead, sections: sections, footer: footer)
  }
}
