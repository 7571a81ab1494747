// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import JSON
internal import Pipeline
internal import Training

/// `prep train`
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a small model on a dataset, and tell whether the data teaches what it should.",
    discussion: """
      A BERT, an ELECTRA, a T5 or a GPT-2, by the objective. Its loss on the split validation is held
      against what it would be without the context that matters: another row's input, a shuffled
      context, one token of history. The verdict of each head is one of

        learns                 better with its context, and better than frequencies alone
        does not learn         no better, and it would have shown
        inconclusive           too few steps or too little held-out text to tell
        too good to be true    the inputs give the answers away

      With --check, ids beyond the 8,192 most frequent share a few, rows are cut to 64 tokens, and the
      objective says how many steps there are: two cores need minutes. The status is 1 if a head does
      not learn or is too good to be true, with --strict also where nothing is known.

      With -o, the model is written as transformers reads it, the tokenizer with it (not with --check,
      whose ids are its own), the log, and the losses as a drawing.
      """)

  @Argument(help: ArgumentHelp("A dataset of examples (prep build).", valueName: "shards"))
  var dataset: String

  @Option(help: ArgumentHelp("Steps; by default as many as the objective takes.", valueName: "n"))
  var steps: Int?

  @Flag(help: "Judge only, in the same way for every dataset.")
  var check = false

  @Flag(help: "With --check: fail also on what is inconclusive.")
  var strict = false

  @Option(
    name: .customLong("init"),
    help: ArgumentHelp("Go on from this checkpoint of transformers.", valueName: "checkpoint"))
  var initial: String?

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("Write the checkpoint to this directory.", valueName: "checkpoint"))
  var output: String?

  @Flag(help: "Go on where a run with the same options was interrupted.")
  var resume = false

  @Flag(help: "Replace the checkpoint that is there.")
  var overwrite = false

  @Option(help: "The key of all randomness: first weights, order of rows.")
  var seed: UInt64 = 0

  @Option(help: "What multiplies matrices: openblas (fast) or portable (the same bits everywhere).")
  var kernel: MatrixKernel = .openBLAS

  @Option(help: ArgumentHelp("Pieces of rows in a batch; by default 32.", valueName: "rows"))
  var batch = 32

  @Option(help: ArgumentHelp("Batches in a step.", valueName: "n"))
  var accumulate = 1

  @Option(
    help: ArgumentHelp(
      "Cut rows to so many tokens; by default 128, with --check 64.", valueName: "tokens"))
  var length: Int?

  @Option(help: ArgumentHelp("The highest learning rate.", valueName: "rate"))
  var learningRate: Double?

  @Option(help: "The learning rate after warm-up: constant, linear or cosine (to a tenth).")
  var schedule: LearningRateSchedule.Shape = .cosine

  @Option(
    help: ArgumentHelp(
      "Steps in which the rate rises; by default a tenth, at most 100.", valueName: "n"))
  var warmup: Int?

  @Option(help: ArgumentHelp("AdamW: decay of the mean of squared gradients.", valueName: "β₂"))
  var beta2 = 0.98

  @Option(help: ArgumentHelp("AdamW: decoupled weight decay.", valueName: "rate"))
  var weightDecay = 0.01

  @Option(help: "What decays: matrices, or all (biases and normalizations too).")
  var decay: AdamW.Decay = .matrices

  @Option(
    help: ArgumentHelp("Scale larger gradients to this norm; 0 for no limit.", valueName: "norm"))
  var clip = 1.0

  @Flag(name: .customLong("no-shuffle"), help: "Take rows in the order of the dataset.")
  var keepsOrder = false

  @Option(
    help: ArgumentHelp(
      "Write the arrays of every batch there, and logits and gradients of the first.",
      valueName: "directory"))
  var dump: String?

  @Option(help: ArgumentHelp("The width of the model, a multiple of 64.", valueName: "n"))
  var width: Int?

  @Option(help: ArgumentHelp("Layers of the model, of each stack.", valueName: "n"))
  var layers: Int?

  @Option(help: ArgumentHelp("Held-out examples to complete and show.", valueName: "n"))
  var samples = 3

  @Flag(help: "Print a JSON object with verdicts, losses, baselines and intervals.")
  var json = false

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    let counts = [
      ("--steps", steps ?? 1, 1_000_000_000), ("--batch", batch, 4096),
      ("--accumulate", accumulate, 4096), ("--layers", layers ?? 1, 64),
    ]
    for (name, value, most) in counts where !(1...most).contains(value) {
      throw ValidationError("\(name) takes 1 to \(most), not \(value).")
    }
    if let length, !(16...8192).contains(length) {
      throw ValidationError("--length takes 16 to 8192, not \(length).")
    }
    if check, let length, length > 128 {
      throw ValidationError("--check cuts rows to at most 128 tokens.")
    }
    if let width, !(64...4096).contains(width) || width % 64 != 0 {
      throw ValidationError("--width takes multiples of 64 from 64 to 4096, not \(width).")
    }
    if let learningRate, !(learningRate > 0 && learningRate < 10) {
      throw ValidationError("--learning-rate takes a number above 0, not \(learningRate).")
    }
    guard (0...1_000_000_000).contains(warmup ?? 0) else {
      throw ValidationError("--warmup takes a number of steps, not \(warmup ?? 0).")
    }
    guard (0..<1).contains(beta2), (0...1).contains(weightDecay), clip >= 0, clip.isFinite else {
      throw ValidationError("--beta2 and --weight-decay take shares, --clip a norm.")
    }
    guard (0...1000).contains(samples) else { throw ValidationError("--samples takes 0 to 1000.") }
    if resume || overwrite, output == nil {
      throw ValidationError("--resume and --overwrite go with -o.")
    }
    if resume, overwrite { throw ValidationError("--resume and --overwrite exclude each other.") }
  }

  func run() throws {
    let display = global.display()
    let report = try TrainingRun(options()).run { display.show($0) }
    display.end()
    var output = StandardOutput()
    if json {
      try output.line(String(decoding: report.json.serialized(), as: UTF8.self))
    } else {
      for line in TrainingSummary(report).lines { try output.line(line) }
    }
    try output.flush()
    if report.steps > 0 {
      let rate = Quantity.short(Int(Double(report.tokens) / max(display.elapsed, 1e-3)))
      global.note(
        "\(dataset): \(Quantity.counted(report.steps, "step")), "
          + "\(Quantity.grouped(report.tokens)) tokens (\(Quantity.time(display.elapsed)), "
          + "\(rate) tokens/s)")
    }
    if check, !report.isGood(strict: strict) { throw ExitCode(ExitStatus.checkFailed.rawValue) }
  }

  private func options() -> TrainingOptions {
    var options = TrainingOptions(dataset: dataset)
    options.steps = steps
    options.schedule = schedule
    options.warmup = warmup
    options.optimizer.beta2 = beta2
    options.optimizer.weightDecay = weightDecay
    options.optimizer.decay = decay
    options.optimizer.maximumGradientNorm = clip > 0 ? clip : nil
    options.shuffles = !keepsOrder
    options.dump = dump
    options.isCheck = check
    options.initial = initial
    options.output = output
    options.resumes = resume
    options.overwrites = overwrite
    options.seed = seed
    options.threads = global.threads
    options.kernel = kernel
    options.rows = batch
    options.accumulation = accumulate
    options.length = length
    options.learningRate = learningRate
    options.width = width
    options.layers = layers
    options.samples = samples
    return options
  }
}
