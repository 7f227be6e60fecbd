/// ‖a − b‖ / ‖b‖ in fp64, 0 for two zeros; infinite when lengths differ or a value is not finite.
public func relativeDifference<A: BinaryFloatingPoint, B: BinaryFloatingPoint>(
  _ a: [A], _ b: [B]
) -> Double {
  guard a.count == b.count else { return .infinity }
  var error = 0.0
  var size = 0.0
  for (x, y) in zip(a, b) {
    let difference = Double(x) - Double(y)
    error += difference * difference
    size += Double(y) * Double(y)
  }
  if error == 0 { return 0 }
  let ratio = (error / size).squareRoot()
  return ratio.isFinite ? ratio : .infinity
}
