import Components
import Storage
import Tensors
import Testing
import TestSupport

@Suite("Banks of ablations")
struct AblationBankTests {
  private func job(
    _ sample: ComponentSample, count: Int = 5, takesGradients: Bool = true,
    identity: Fingerprint = Fingerprint(["model": "a"]), ablation: Ablation = .zero
  ) throws -> AblationBankJob {
    let outputs = try sample.outputs(.margin, ablation: ablation, reference: sample.queries)
    return AblationBankJob(
      outputs,
      masks: MaskDesign.random(
        outputs.components, share: 0.3, count: count, seed: 1, for: .outputs),
      takesGradients: takesGradients, seed: 0, identity: identity)
  }

  @Test("What is written is what is read")
  func roundTrip() throws {
    let sample = ComponentSample(hidden: [6, 4])
    let folder = try ScratchFolder()
    let job = try job(sample)
    let bank = try job.run(to: folder / "b.h5")
    let outputs = try sample.outputs(.margin)
    let found = outputs.gradients(bank.masks)
    #expect(bank.outputs == found.values)
    for mask in 0..<5 {
      #expect(
        try bank.gradients(mask: mask).elements
          == Array(found.gradients.elements[mask * 70..<(mask + 1) * 70]))
    }
    #expect(bank.components == outputs.components.components.map(\.name))
    #expect(bank.queryIDs == (0..<7).map { "\($0)" })
    #expect(job.passes == 15)
    #expect(try Verification.verify(folder / "b.h5").rowBlocks >= 3)
  }

  @Test("Every damaged byte is noticed")
  func damage() throws {
    let sample = ComponentSample(hidden: [6])
    let folder = try ScratchFolder()
    _ = try job(sample).run(to: folder / "b.h5")
    let bytes = try folder.bytes("b.h5")
    for place in stride(from: 5, to: bytes.count, by: 997) {
      var other = bytes
      other[place] ^= 0x10
      try AtomicFile.write(other, to: folder / "c.h5")
      #expect(
        diagnosed {
          let bank = try AblationBank(folder / "c.h5")
          for mask in 0..<5 { _ = try bank.gradients(mask: mask) }
        } != nil, "byte \(place)")
    }
  }

  @Test("A file of something else is refused by the field that differs")
  func fingerprint() throws {
    let sample = ComponentSample(hidden: [6])
    let folder = try ScratchFolder()
    _ = try job(sample).run(to: folder / "b.h5")
    let others = [
      ("model", try job(sample, identity: Fingerprint(["model": "b"]))),
      ("masks", try job(sample, count: 6)), ("gradients", try job(sample, takesGradients: false)),
      ("ablation", try job(sample, ablation: .scale(0.5))),
      ("components", try job(ComponentSample(hidden: [6, 2]))),
    ]
    for (field, other) in others {
      #expect(mismatchedField { _ = try other.run(to: folder / "b.h5") } == field)
      #expect(other.fileName("x") != (try job(sample).fileName("x")))
    }
  }

  @Test("An interrupted bank goes on to the same bytes")
  func resumed() throws {
    let sample = ComponentSample(hidden: [6], queries: 600)
    let folder = try ScratchFolder()
    let job = try job(sample, count: 300)
    _ = try job.run(to: folder / "whole.h5")
    let stops = StopAfter(3)
    #expect(throws: JobCancelled(isResumable: true)) {
      _ = try job.run(to: folder / "b.h5", control: stops.control)
    }
    #expect(try folder.contents().keys.contains { $0.hasPrefix("b.h5.parts") })
    _ = try job.run(to: folder / "b.h5")
    #expect(try folder.bytes("b.h5") == folder.bytes("whole.h5"))
    #expect(try !folder.contents().keys.contains { $0.hasPrefix("b.h5.parts") })
  }

  @Test("Parts left by a process killed after its file was finished are deleted")
  func leftovers() throws {
    let sample = ComponentSample(hidden: [6])
    let folder = try ScratchFolder()
    let job = try job(sample)
    _ = try job.run(to: folder / "b.h5")
    try AtomicFile.makeFolder(folder / "b.h5.parts")
    try AtomicFile.write("x", to: folder / "b.h5.parts/0.part")
    _ = try job.run(to: folder / "b.h5")
    #expect(try folder.contents().keys.sorted() == ["b.h5"])
  }

  @Test("Same bytes for any thread count")
  func threads() throws {
    let sample = ComponentSample(hidden: [16, 8], queries: 90)
    let folder = try ScratchFolder()
    let job = try job(sample, count: 12)
    for workers in [1, 2, 5] {
      try Execution.with(workers: workers) { _ = try job.run(to: folder / "\(workers).h5") }
    }
    #expect(try folder.bytes("1.h5") == folder.bytes("2.h5"))
    #expect(try folder.bytes("1.h5") == folder.bytes("5.h5"))
  }
}
