/// A report on attribution as a value: what was found, ready to be read.
///
/// It holds figures, pictures and text that others computed, and knows only how to show them.
/// `html()` makes one file of it that needs no other: no script, no link to the outside.
public struct AttributionReport: Sendable, Equatable {
  /// The heading of the page.
  public var title: String
  /// A sentence under the heading.
  public var summary: String
  /// The figures at the top.
  public var figures: [HeadlineFigure]
  /// The parts of the page in order; empty ones say that there is nothing to show.
  public var sections: [ReportSection]
  /// Remarks: limits, warnings, what was left out.
  public var notes: [String]
  /// How the figures came about: versions, seeds, hashes, settings.
  public var provenance: [Fact]

  /// A report; all but its title may be empty.
  public init(
    title: String, summary: String = "", figures: [HeadlineFigure] = [],
    sections: [ReportSection] = [], notes: [String] = [], provenance: [Fact] = []
  ) {
    (self.title, self.summary, self.figures) = (title, summary, figures)
    (self.sections, self.notes, self.provenance) = (sections, notes, provenance)
  }

  /// A name and a value.
  public struct Fact: Sendable, Equatable {
    /// What it is.
    public var name: String
    /// Its value.
    public var value: String

    /// A name and a value.
    public init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
  }

  /// A figure worth standing at the top of a page.
  public struct HeadlineFigure: Sendable, Equatable {
    /// What it is: `ROC AUC`.
    public var label: String
    /// Its value as text: `0.9997`.
    public var value: String
    /// What to compare it with, or how to read it.
    public var note: String

    /// A figure.
    public init(_ label: String, _ value: String, note: String = "") {
      (self.label, self.value, self.note) = (label, value, note)
    }
  }
}

/// A part of a report under a heading of its own.
public struct ReportSection: Sendable, Equatable {
  /// What a section shows.
  public enum Content: Sendable, Equatable {
    /// Test examples beside the training examples that helped and harmed them.
    case queries(QuerySection)
    /// Training examples whose label may be wrong.
    case suspects(SuspectGallery)
    /// Charts.
    case charts([ReportChart])
    /// Tables.
    case tables([ReportTable])
  }

  /// The heading.
  public var heading: String
  /// A sentence or two on what is seen and how to read it.
  public var introduction: String
  /// What is shown.
  public var content: Content

  /// A section.
  public init(_ heading: String, introduction: String = "", _ content: Content) {
    (self.heading, self.introduction, self.content) = (heading, introduction, content)
  }
}

/// An `<svg>` element with a text below it.
public struct ReportChart: Sendable, Equatable {
  /// The drawing, as `LineChart.svg()` and `Histogram.svg()` give it; it is not escaped.
  public var svg: String
  /// The text below it.
  public var caption: String

  /// A chart and its caption.
  public init(svg: String, caption: String = "") { (self.svg, self.caption) = (svg, caption) }
}

/// A table with a title.
public struct ReportTable: Sendable, Equatable {
  /// The text above the table.
  public var title: String
  /// Columns and cells; numbers stand at the right.
  public var table: TextTable

  /// A table.
  public init(title: String = "", _ table: TextTable) { (self.title, self.table) = (title, table) }
}
