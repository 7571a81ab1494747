// SPDX-License-Identifier: Apache-2.0

internal import Randomness

extension UL2 {
  func build(
    _ frame: borrowing Frame, _ random: RandomStreams, _ services: borrowing Services,
    into out: inout ExampleBuilder
  ) {
    var stream = random.stream(.mask, frame: frame.ordinal)
    let scratch = out.scratch
    let inputs = scratch.inputs.prefix(frame.tokens.count + 4)
    let targets = scratch.outputs.prefix(2 * frame.tokens.count + 2)
    let denoiser = denoisers[frame.kind]
    var start = 0
    if let mode = denoiser.mode {
      inputs[0] = mode
      start = 1
    }
    let body = UnsafeMutableBufferPointer(rebasing: inputs[start...])
    var count: (inputs: Int, targets: Int)
    switch denoiser.corruption {
    case .spans(let noise):
      count = noise.corrupt(
        frame, &stream, scratch, inputs: body, targets: targets, tally: &out.tally)
    case .split(let split):
      count.inputs = split.draw(frame.tokens.count, &stream)
      count.targets = frame.tokens.count - count.inputs
      frame.tokens.withUnsafeBufferPointer { tokens in
        _ = body.update(fromContentsOf: tokens[0..<count.inputs])
        _ = targets.update(fromContentsOf: tokens[count.inputs...])
      }
    }
    count.inputs += start
    if pair.layout == .encoderDecoder {
      inputs[count.inputs] = eos
      count.inputs += 1
      // Only the published arithmetic makes targets that do not fit.
      let kept = min(count.targets, pair.targetsLength - 1)
      out.tally.add(count.targets - kept, of: .truncatedTargetTokens)
      count.targets = kept
    }
    targets[count.targets] = eos
    out.byte(pair.columns.count, UInt8(truncatingIfNeeded: denoiser.task))
    pair.write(
      UnsafeMutableBufferPointer(rebasing: inputs[0..<count.inputs]),
      UnsafeMutableBufferPointer(rebasing: targets[0...count.targets]), into: &out)
  }

  func faults(in row: ExampleRow) -> [Fault] {
    var check = RowCheck(row)
    let task = row["task"]?.first
    guard let denoiser = denoisers.first(where: { Int64($0.task) == task }) else {
      check.checkShapes(columns)
      check.fault(
        "task", "task", "task \(task.map { "\($0)" } ?? "missing") is none of the denoisers")
      return check.faults
    }
    if row["task"]?.count != 1 { check.fault("length", "task", "more than one task") }
    guard var sides = pair.sides(&check) else { return check.faults }
    if let mode = denoiser.mode {
      guard sides.input.first == Int64(mode) else {
        check.fault(
          "mode-token", "input_ids", at: 0,
          "input_ids do not begin with the mode token \(mode) of \(Self.kinds[denoiser.task].name)")
        return check.faults
      }
      sides = SequencePair.Sides(input: sides.input.dropFirst(), target: sides.target)
    }
    let hasEOS = pair.layout == .encoderDecoder
    guard
      let spans = SpanSides(
        &check, sides, eos: eos, inputEndsInEOS: hasEOS, sentinels: sentinels,
        isSentinel: isSentinel)
    else { return check.faults }
    switch denoiser.corruption {
    case .spans(let noise):
      noise.checkCounts(&check, spans, targetRoom: pair.targetsLength, tail: tail)
    case .split(let split):
      if spans.inputs.sentinels + spans.targets.sentinels > 0 {
        check.fault("sentinel", "input_ids", "a sentinel in a row of sequential denoising")
      }
      split.check(&check, prefix: spans.inputs.text, target: spans.targets.text)
      if spans.total > denoiser.window || tail == .drop && spans.total != denoiser.window {
        check.fault(
          "source-length", "input_ids",
          "\(spans.total) source tokens in input_ids and labels, \(denoiser.window) expected")
      }
    }
    return check.faults
  }
}
