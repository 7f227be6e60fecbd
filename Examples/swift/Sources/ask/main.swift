import Ascribe

// Trains the digits of the repository once, then opens them.
let session = try Session(training: "Examples/digits.yaml")
// Which training digits made the model say this?
print(try session.query("17", top: 5).text)
// Which labels are wrong?
for suspect in try session.mislabeled(top: 20).suspects {
  print("\(suspect.id) labelled \(suspect.label?.text ?? "") suspicion \(suspect.score)")
}
