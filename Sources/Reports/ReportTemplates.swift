import Mustache

/// The templates of a report, as text in the program: a copied binary needs no resource beside it.
enum ReportTemplates {
  /// The templates by name.
  static let library: MustacheLibrary = {
    MustacheContentTypes.register(MarkupText(), named: MarkupText.name)
    var library = MustacheLibrary()
    let texts = [
      "page": page, "section": section, "example": example, "query": query, "suspect": suspect,
    ]
    for (name, text) in texts {
      do {
        // The escape does not pass from a page to its partials: each names it.
        try library.register("{{% CONTENT_TYPE: \(MarkupText.name)}}" + text, named: name)
      } catch {
        preconditionFailure("template \(name): \(error)")
      }
    }
    return library
  }()

  private static let page = """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <meta name="color-scheme" content="light dark"/>
    <title>{{title}}</title>
    <style>
    {{{style}}}
    </style>
    </head>
    <body>
    <header>
    <h1>{{title}}</h1>
    {{#hasSummary}}
    <p class="lead">{{summary}}</p>
    {{/hasSummary}}
    {{#hasContents}}
    <nav aria-label="Contents">
    {{#contents}}
    <a href="#section-{{number}}">{{entry}}</a>
    {{/contents}}
    </nav>
    {{/hasContents}}
    </header>
    <main>
    {{#hasFigures}}
    <dl class="figures">
    {{#figures}}
    <div><dt>{{label}}</dt><dd class="value">{{value}}</dd><dd class="note">{{note}}</dd></div>
    {{/figures}}
    </dl>
    {{/hasFigures}}
    {{#sections}}
    {{>section}}
    {{/sections}}
    {{#hasNotes}}
    <section class="notes"><h2>Notes</h2><ul>
    {{#notes}}
    <li>{{.}}</li>
    {{/notes}}
    </ul></section>
    {{/hasNotes}}
    </main>
    {{#hasProvenance}}
    <footer><h2>Provenance</h2><dl class="facts">
    {{#provenance}}
    <dt>{{name}}</dt><dd>{{fact}}</dd>
    {{/provenance}}
    </dl></footer>
    {{/hasProvenance}}
    </body>
    </html>

    """

  private static let section = """
    <section id="{{anchor}}"><h2>{{heading}}</h2>
    {{#hasIntroduction}}<p class="intro">{{introduction}}</p>{{/hasIntroduction}}
    {{#isEmpty}}<p class="empty">Nothing to show.</p>{{/isEmpty}}
    {{#isQueries}}
    <p class="unit">{{signSentence}} Unit: {{unit}}.</p>
    {{#hasChangeSentence}}<p class="unit">{{changeSentence}}</p>{{/hasChangeSentence}}
    {{#hasTokens}}
    <p class="legend"><span class="scale" aria-hidden="true"><span>harmed</span>\
    <span class="minus" style="--shade:1"></span><span class="minus" style="--shade:.6"></span>\
    <span class="minus" style="--shade:.25"></span><span></span>\
    <span class="plus" style="--shade:.25"></span><span class="plus" style="--shade:.6"></span>\
    <span class="plus" style="--shade:1"></span><span>helped</span></span> \
    Each token of a training passage is shaded by what learning to predict it adds to the passage’s \
    score: green helped the query, orange harmed it. The parts sum to the score; the strongest \
    token of each passage has the full colour. Point at a token for its number.</p>
    {{#hasQueryTokens}}
    <p class="legend">Each token of a query is shaded by what the training passages below it, taken \
    together, do to its prediction; under each of them stands what it does alone, which sums to its \
    score.</p>
    {{/hasQueryTokens}}
    {{/hasTokens}}
    <div class="queries">{{#queries}}{{>query}}{{/queries}}</div>
    {{/isQueries}}
    {{#isSuspects}}
    {{#hasScoreName}}<p class="unit">Score: {{scoreName}}; higher = more suspicious.</p>{{/hasScoreName}}
    <ol class="gallery">{{#suspects}}{{>suspect}}{{/suspects}}</ol>
    {{/isSuspects}}
    <div class="charts">{{#charts}}<figure>{{{svg}}}\
    {{#hasCaption}}<figcaption>{{caption}}</figcaption>{{/hasCaption}}</figure>{{/charts}}</div>
    {{#tables}}
    <div class="scroll"><table>\
    {{#hasTableTitle}}<caption>{{tableTitle}}</caption>{{/hasTableTitle}}
    <thead><tr>{{#columns}}<th scope="col" class="{{align}}">{{column}}</th>{{/columns}}\
    </tr></thead>
    <tbody>{{#rows}}<tr>{{#cells}}<td class="{{align}}">{{cell}}</td>{{/cells}}</tr>{{/rows}}\
    </tbody>
    </table></div>
    {{/tables}}
    </section>
    """

  /// One example: a picture, the values of a row, or words.
  private static let example = """
    {{#image}}<img src="{{source}}" alt="{{alt}}" width="{{wide}}" height="{{high}}"/>{{/image}}\
    {{#features}}<dl class="features">{{#pairs}}<div><dt>{{feature}}</dt><dd>{{amount}}</dd></div>\
    {{/pairs}}</dl>{{/features}}\
    {{#words}}<blockquote>{{words}}</blockquote>{{/words}}\
    {{#tokens}}<blockquote class="tokens">{{#pieces}}<span\
    {{#hasKind}} class="{{kind}}"{{/hasKind}}{{#hasHint}} title="{{hint}}"{{/hasHint}}\
    {{#hasShade}} style="--shade:{{shade}}"{{/hasShade}}>{{piece}}</span>{{/pieces}}</blockquote>\
    {{/tokens}}
    """

  private static let query = """
    <article class="query{{layout}}">
    <div class="subject">{{#queryView}}{{>example}}{{/queryView}}
    {{#hasPrediction}}<p class="verdict {{verdict}}">predicted <strong>{{predicted}}</strong> \
    <span class="id">{{probability}}</span></p>{{/hasPrediction}}
    {{#hasQueryLabel}}<p>label <strong>{{queryLabel}}</strong></p>{{/hasQueryLabel}}
    {{#hasQuestion}}<p class="question">{{question}}</p>{{/hasQuestion}}
    <p class="id">{{querySet}}{{queryID}}</p></div>
    {{#sides}}
    <div class="side {{side}}"><h3>{{sideName}}</h3>
    {{#isNone}}<p class="empty">None.</p>{{/isNone}}
    <ul>{{#influences}}<li>{{#trainingView}}{{>example}}{{/trainingView}}
    <span class="about"><span class="name">{{#hasTrainingLabel}}label \
    <strong>{{trainingLabel}}</strong> {{/hasTrainingLabel}}\
    <span class="id">{{trainingID}}</span></span>
    <span class="score"><span class="length" style="width:{{bar}}%"></span></span>\
    <span class="number">{{trainingScore}}</span>\
    {{#hasChange}}<span class="change">{{change}}</span>{{/hasChange}}</span>\
    {{#queryTokens}}<details><summary>its effect on the query’s tokens</summary>{{>example}}</details>\
    {{/queryTokens}}</li>{{/influences}}</ul></div>
    {{/sides}}
    </article>
    """

  private static let suspect = """
    <li class="suspect"><p class="rank">{{rank}}</p>{{#suspectView}}{{>example}}{{/suspectView}}
    <p>labelled <strong class="given">{{suspectLabel}}</strong></p>
    {{#hasReason}}<p>dropped as <strong>{{reason}}</strong></p>{{/hasReason}}\
    {{^hasReason}}<p>predicted <strong>{{suspectPredicted}}</strong> \
    <span class="id">{{suspectProbability}}</span></p>{{/hasReason}}
    {{#hasTruth}}<p class="truth {{truthKind}}">{{truth}}</p>{{/hasTruth}}
    <p class="id"><span>id {{suspectID}}</span>\
    {{^hasReason}} <span>{{suspectScore}}</span>{{/hasReason}}</p></li>
    """
}
