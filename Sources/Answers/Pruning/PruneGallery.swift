import Curation
import Datasets
import Reports

/// What a pruning drops, as pictures.
package enum PruneGallery {
  /// Some dropped examples, spread over the training set, each with the reason.
  package static func dropped(
    _ selection: PruneSelection, _ data: SplitData, limit: Int
  ) -> SuspectGallery {
    let all = selection.dropped
    let shown = (0..<min(limit, all.count)).map { all[$0 * all.count / min(limit, all.count)] }
    let gallery = ExampleGallery(data.train, data.normalisation)
    return SuspectGallery(
      scoreName: "",
      suspects: shown.enumerated().map { place, dropped in
        Suspect(
          droppedAs: dropped.reason.rawValue, place: place + 1,
          id: data.train.ids[dropped.row].description, view: gallery.view(dropped.row),
          label: LabelValue(of: dropped.row, in: data.train).text)
      })
  }
}
