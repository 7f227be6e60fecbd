import Gradients
import Networks

/// What is scored unless something else is asked for, as far as gradients from elsewhere give it.
extension RunInfluence {
  /// The method, and the output function where it is not the method's own.
  func standardMethod(
    _ function: OutputFunction?, onFeatures: Bool
  ) -> (method: Method, function: OutputFunction?) {
    let methods: [Method] =
      onFeatures || isSequence ? [.trak, .graddot] : [.trajectory, .trak, .graddot]
    for method in methods {
      for candidate in [function, function == nil ? .loss : nil]
      where provides(method, candidate) { return (method, candidate) }
    }
    return (methods[0], function)
  }

  /// The output function of a method where it is not the method's own: the loss, where gradients from
  /// elsewhere are of nothing else.
  func standardFunction(_ method: Method) -> OutputFunction? {
    !provides(method, nil) && provides(method, .loss) ? .loss : nil
  }

  /// Whether a method has the gradients that it takes, of training examples and of queries.
  private func provides(_ method: Method, _ function: OutputFunction?) -> Bool {
    guard let factors else { return true }
    let function =
      function ?? method.standardOutputFunction(classification: isClassification)
    let targets = method.targets(function.ofKernel(data.train.targets)).map { target in
      target.storeTarget ?? .output(.loss)
    }
    return (targets + [.output(function)]).allSatisfy { factors.provides($0) }
  }
}
